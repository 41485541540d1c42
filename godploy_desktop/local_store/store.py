"""What is remembered between two starts, as plain values in and out. Blocking calls: use them in a thread."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from godploy_desktop.local_store.database import open_engine
from godploy_desktop.local_store.folders import Folders
from godploy_desktop.local_store.models import ServerRow, SettingRow, SnapshotRow
from godploy_desktop.local_store.values import AuthChoice, RememberedSnapshot, ServerProfile
from godploy_server.contract import NotFound


class Store:
    """The desktop's database. One per process; several processes may use the same file."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, folders: Folders) -> Store:
        """Open the profile's database; raises NotReady or Conflict with what to do."""
        folders.make()
        return cls(open_engine(folders.database))

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def servers(self) -> list[ServerProfile]:
        """All servers in the person's order."""
        with Session(self._engine) as session:
            rows = session.scalars(select(ServerRow).order_by(ServerRow.position, ServerRow.id))
            return [_profile(row) for row in rows]

    def add_server(self, profile: ServerProfile) -> ServerProfile:
        """Store a new server at the end of the list; gives it back with its id."""
        with Session(self._engine) as session, session.begin():
            last = session.scalar(select(func.max(ServerRow.position)))
            row = ServerRow(**_columns(replace(profile, position=0 if last is None else last + 1)))
            session.add(row)
            session.flush()
            return _profile(row)

    def save_server(self, profile: ServerProfile) -> None:
        """Replace what is stored of a server; raises NotFound."""
        with Session(self._engine) as session, session.begin():
            _change(_existing(session, profile.id), profile)

    def remove_server(self, server_id: int) -> None:
        """Forget a server and its snapshot."""
        with Session(self._engine) as session, session.begin():
            session.delete(_existing(session, server_id))

    def snapshots(self) -> list[RememberedSnapshot]:
        """The remembered state of each server that was ever seen."""
        with Session(self._engine) as session:
            rows = session.scalars(select(SnapshotRow))
            return [RememberedSnapshot(row.server_id, row.taken_at, row.snapshot) for row in rows]

    def save_snapshot(self, profile: ServerProfile, taken_at: datetime, snapshot: object) -> None:
        """Remember a server's state, and its profile (when it was seen). Does nothing for a removed server."""
        with Session(self._engine) as session, session.begin():
            row = session.get(ServerRow, profile.id)
            if row is None:
                return
            row.last_seen_at, row.agent_version = profile.last_seen_at, profile.agent_version
            session.merge(SnapshotRow(server_id=profile.id, taken_at=taken_at, snapshot=snapshot))

    def settings(self) -> dict[str, object]:
        """All settings."""
        with Session(self._engine) as session:
            return {row.key: row.value for row in session.scalars(select(SettingRow))}

    def set_setting(self, key: str, value: object) -> None:
        """Store one setting, a JSON value."""
        with Session(self._engine) as session, session.begin():
            session.merge(SettingRow(key=key, value=value))


def _columns(profile: ServerProfile) -> dict[str, object]:
    columns = asdict(profile)
    del columns["id"]
    return columns | {"auth": profile.auth.value}


def _change(row: ServerRow, profile: ServerProfile) -> None:
    for name, value in _columns(profile).items():
        setattr(row, name, value)


def _profile(row: ServerRow) -> ServerProfile:
    values = {field.name: getattr(row, field.name) for field in fields(ServerProfile)}
    return ServerProfile(**values | {"auth": AuthChoice(row.auth)})


def _existing(session: Session, server_id: int) -> ServerRow:
    row = session.get(ServerRow, server_id)
    if row is None:
        raise NotFound("The server is not in the list any more", "it was removed meanwhile", "Add it again")
    return row

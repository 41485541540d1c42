"""The tables. Their shape is made by the migrations; a test compares both."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import JSON, DateTime, ForeignKey, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with zone; SQLite itself keeps none, so it is stored in UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  the base class's
        """To UTC, without zone."""
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  the base class's
        """The zone again."""
        return value.replace(tzinfo=UTC) if value is not None else None


class Base(DeclarativeBase):
    """All tables."""


class ServerRow(Base):
    """A server in the list."""

    __tablename__ = "servers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    host: Mapped[str]
    user: Mapped[str]
    port: Mapped[int | None]
    identity_file: Mapped[str]
    jump: Mapped[str]
    auth: Mapped[str]
    is_embedded: Mapped[bool]
    position: Mapped[int]
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    agent_version: Mapped[str]


class SettingRow(Base):
    """A setting of the application; `value` is JSON."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[object] = mapped_column(JSON)


class SnapshotRow(Base):
    """What a server looked like when it was last seen."""

    __tablename__ = "snapshots"

    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    snapshot: Mapped[object] = mapped_column(JSON)

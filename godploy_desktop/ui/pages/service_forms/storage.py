"""What a container sees of the server: mounts, and ports past the proxy."""

from __future__ import annotations

from godploy_desktop.ui.models.mount_form import MOUNT_KINDS, PROTOCOLS, parse_mounts, parse_ports
from godploy_desktop.ui.widgets import RowColumn, RowsField


def mounts_field(prefix: str, label: str = "Mounts") -> RowsField:
    """Give back the field of mounts."""
    return RowsField(
        label,
        (
            RowColumn("kind", "What", width=136, options=MOUNT_KINDS),
            RowColumn("source", "Volume or path", "data", share=2),
            RowColumn("target", "Seen at", "/data", share=3),
            RowColumn("read-only", "Read-only", width=100, is_check=True),
        ),
        name=f"{prefix}-mounts",
        what="mount",
        hint="A volume is kept by Docker and goes only with the service",
        check=parse_mounts,
    )


def ports_field(prefix: str, label: str = "Published ports") -> RowsField:
    """Give back the field of published ports."""
    return RowsField(
        label,
        (
            RowColumn("host", "Port of the server", "5432"),
            RowColumn("container", "Port of the container", "the same"),
            RowColumn("protocol", "Protocol", width=100, options=PROTOCOLS),
        ),
        name=f"{prefix}-ports",
        what="port",
        hint="Past the proxy and its certificates: whoever reaches the server reaches it",
        check=parse_ports,
    )

"""The view of a log: pages of bytes, of which only the visible rows are parsed and painted."""

from godploy_desktop.ui.widgets.log_view.line_format import line_bytes
from godploy_desktop.ui.widgets.log_view.view import LogView

__all__ = ["LogView", "line_bytes"]

"""Showing a page in this computer's browser."""

from __future__ import annotations

import webbrowser
from threading import Thread

from godploy_desktop.commands.context import Context


async def open_browser(context: Context, url: str, what: str = "Sign in") -> None:
    """Show a page, and say where it is, since a terminal may have no browser beside it."""
    context.output.note(f"{what} in the browser. If none opens, open this yourself:\n{url}")
    # beside the loop, which answers the browser: some commands of $BROWSER return only when the person is done
    Thread(target=webbrowser.open, args=[url], daemon=True).start()

"""The style sheet for what Qt paints itself: fields, scroll bars, menus, tool tips. Everything else paints itself."""

from __future__ import annotations

from godploy_desktop.ui.theme.tokens import Radius, Tokens


def stylesheet_of(tokens: Tokens) -> str:
    """Give back the application's style sheet for `tokens`."""
    t = tokens
    return f"""
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.border2}; padding: 4px 8px; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
QScrollBar::handle {{ background: {t.border2}; border-radius: 3px; }}
QScrollBar::handle:vertical {{ min-height: 32px; }}
QScrollBar::handle:horizontal {{ min-width: 32px; }}
QScrollBar::handle:hover {{ background: {t.text3}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: transparent; }}
QLineEdit, QPlainTextEdit {{
  background: {t.surface}; color: {t.text}; border: 1px solid {t.border}; border-radius: {Radius.MD}px;
  selection-background-color: {t.selection}; selection-color: {t.text};
}}
QLineEdit {{ padding: 0 8px; min-height: 30px; max-height: 30px; }}
QPlainTextEdit {{ padding: 4px 6px; }}
QLineEdit:hover, QPlainTextEdit:hover {{ border-color: {t.border2}; }}
QLineEdit:focus, QPlainTextEdit:focus {{ border-color: {t.accent}; }}
QLineEdit[invalid="true"], QPlainTextEdit[invalid="true"] {{ border-color: {t.err}; }}
QLineEdit:disabled, QPlainTextEdit:disabled {{ background: {t.bg}; color: {t.text3}; }}
QLineEdit[bare="true"] {{ background: transparent; border: 0; padding: 0; }}
QMenu {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.border2}; padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 10px; border-radius: {Radius.SM}px; }}
QMenu::item:selected {{ background: {t.active}; }}
QMenu::item:disabled {{ color: {t.text3}; }}
QMenu::icon {{ padding-left: 8px; }}
QMenu::separator {{ height: 1px; background: {t.border}; margin: 4px 6px; }}
QSplitter::handle {{ background: transparent; }}
"""

import sys
import xml.etree.ElementTree as ET

import pytest
from PySide6.QtGui import QColor, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QLabel

from godploy_desktop.assets import asset
from godploy_desktop.ui.theme import DARK, LIGHT, ThemeChoice, color, font, icon_pixmap, text_width, theme, tokens
from godploy_desktop.ui.theme.stylesheet import stylesheet_of


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_calls_that_return_none_do_not_use_up_none(shown):
    """PySide6 6.12 drops a reference to None with each such call on Python 3.11, until the interpreter aborts."""
    label = shown(QLabel("x"))
    before = sys.getrefcount(None)
    for _ in range(2000):
        label.update()
        label.setToolTip("x")
        label.setEnabled(True)
    assert sys.getrefcount(None) > before - 500


@pytest.mark.parametrize("theme_tokens", [DARK, LIGHT], ids=lambda each: each.name)
def test_text_can_be_read_on_every_ground(theme_tokens):
    for ground in (theme_tokens.bg, theme_tokens.surface, theme_tokens.sunken, theme_tokens.raised):
        assert contrast(theme_tokens.text, ground) >= 7
        assert contrast(theme_tokens.text2, ground) >= 4.5
        assert contrast(theme_tokens.text3, ground) >= 3
    for state in ("ok", "warn", "err", "info"):
        assert contrast(getattr(theme_tokens, state), getattr(theme_tokens, f"{state}_soft")) >= 3


def test_choosing_a_theme_changes_palette_style_sheet_and_painters_and_tells_once(qapp, qtbot):
    with qtbot.waitSignal(theme().theme_changed) as told:
        theme().set_choice(ThemeChoice.LIGHT)
    assert told.signal_triggered
    assert tokens() is LIGHT
    assert color("bg") == QColor(LIGHT.bg)
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(LIGHT.bg)
    assert LIGHT.accent in qapp.styleSheet()
    theme().set_choice(ThemeChoice.DARK)
    assert DARK.accent in qapp.styleSheet()


def test_the_system_choice_is_dark_where_the_system_does_not_say(qapp: QApplication):
    theme().set_choice(ThemeChoice.SYSTEM)
    assert tokens() is DARK


def test_toggling_twice_comes_back():
    first = tokens()
    theme().toggle()
    assert tokens() is not first
    theme().toggle()
    assert tokens() is first


def test_the_bundled_fonts_are_the_ones_in_use():
    assert {"Inter", "JetBrains Mono"} <= set(QFontDatabase.families())
    assert QFontInfo(font("md")).family() == "Inter"
    assert QFontInfo(font("sm", mono=True)).family() == "JetBrains Mono"


def test_figures_are_as_wide_as_each_other_so_that_numbers_do_not_jitter():
    assert text_width("1111") == text_width("8888") == text_width("0000")


def test_logs_have_no_ligatures():
    assert text_width("!=", "sm", mono=True) == text_width("xx", "sm", mono=True)
    assert font("sm", mono=True).featureValue(font("sm").Tag("liga")) == 0


def test_every_icon_is_small_well_formed_and_takes_the_colour_it_is_given():
    files = sorted(asset("resources/icons").glob("*.svg"))
    assert len(files) > 60
    for file in files:
        ET.parse(file)
        assert file.stat().st_size < 6000, file.name
    image = icon_pixmap("rocket", "#ff0000").toImage()
    seen = {image.pixelColor(x, y).name() for x in range(16) for y in range(16) if image.pixelColor(x, y).alpha() > 200}
    assert seen == {"#ff0000"}


def test_fonts_and_icons_come_with_their_licences():
    for name in (
        "fonts/LICENSE-Inter.txt",
        "fonts/LICENSE-JetBrainsMono.txt",
        "icons/LICENSE-Lucide.txt",
        "icons/LICENSE-SimpleIcons.txt",
    ):
        assert (asset("resources") / name).stat().st_size > 500


@pytest.mark.parametrize("theme_tokens", [DARK, LIGHT], ids=lambda each: each.name)
def test_the_style_sheet_names_no_colour_that_is_not_a_token(theme_tokens):
    import re

    known = {value for value in vars(theme_tokens).values() if isinstance(value, str)}
    assert set(re.findall(r"#[0-9a-f]{6}", stylesheet_of(theme_tokens))) <= known

"""Every colour and size of the window, as values. No Qt here: palette, style sheet and painters read the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Tone = Literal[
    "text", "text2", "text3", "accent", "accent_hover", "on_accent", "ok", "warn", "err", "info", "violet",
    "bg", "surface", "raised", "sunken", "hover", "active", "border", "border2", "log_text",
    "accent_soft", "ok_soft", "warn_soft", "err_soft", "info_soft", "violet_soft", "selection",
]  # fmt: skip
"""The name of a colour. `text` to `violet` are for what is read, the rest for what lies under it."""

State = Literal["ok", "warn", "err", "info", "accent", "text3"]
"""The tones that may stand for the state of a thing; `text3` is "nothing to report" (stopped, unknown)."""


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme as #rrggbb, and the strength of the shadow under cards (0 draws a plain border)."""

    name: Literal["dark", "light"]
    bg: str
    surface: str
    raised: str
    sunken: str
    hover: str
    active: str
    border: str
    border2: str
    text: str
    text2: str
    text3: str
    log_text: str
    accent: str
    accent_hover: str
    on_accent: str
    ok: str
    warn: str
    err: str
    info: str
    violet: str
    accent_soft: str
    ok_soft: str
    warn_soft: str
    err_soft: str
    info_soft: str
    violet_soft: str
    selection: str
    shadow: int

    @property
    def is_dark(self) -> bool:
        """Whether light text stands on a dark ground."""
        return self.name == "dark"


DARK: Final = Tokens(
    name="dark",
    bg="#0b0d12",
    surface="#12151c",
    raised="#181c25",
    sunken="#090b0f",
    hover="#1a1f29",
    active="#1f2531",
    border="#222835",
    border2="#303849",
    text="#eceff5",
    text2="#a3adbd",
    text3="#6d7889",
    log_text="#c9d0dc",
    accent="#7c8cff",
    accent_hover="#93a0ff",
    on_accent="#0b0d12",
    ok="#3ecf8e",
    warn="#f5b544",
    err="#f26d6d",
    info="#56b6f7",
    violet="#b48cf2",
    accent_soft="#1b2140",
    ok_soft="#10291f",
    warn_soft="#2d2413",
    err_soft="#311b1e",
    info_soft="#11273a",
    violet_soft="#251c38",
    selection="#2a3468",
    shadow=0,
)

LIGHT: Final = Tokens(
    name="light",
    bg="#f6f7f9",
    surface="#ffffff",
    raised="#ffffff",
    sunken="#fbfcfd",
    hover="#eef0f4",
    active="#e6e9f0",
    border="#e3e6ec",
    border2="#cdd3dd",
    text="#121722",
    text2="#4a5568",
    text3="#8590a2",
    log_text="#4a5568",
    accent="#4f5dff",
    accent_hover="#3f4bea",
    on_accent="#ffffff",
    ok="#12915a",
    warn="#b86e00",
    err="#d13b3b",
    info="#1878c4",
    violet="#7c3aed",
    accent_soft="#eceeff",
    ok_soft="#e5f6ee",
    warn_soft="#fdf3e0",
    err_soft="#fdeaea",
    info_soft="#e4f1fb",
    violet_soft="#f1eafe",
    selection="#cfd5ff",
    shadow=14,
)

BRAND_FROM: Final = "#8b7cff"
BRAND_TO: Final = "#4f5dff"
"""The gradient of the mark, the same in both themes."""


class Space:
    """Distances in px, on a grid of 4."""

    XS: Final = 4
    SM: Final = 8
    MD: Final = 12
    LG: Final = 16
    XL: Final = 24
    XXL: Final = 32


class Radius:
    """Corner radii in px."""

    SM: Final = 6
    MD: Final = 8
    LG: Final = 12


class Size:
    """Fixed measures in px."""

    CONTROL: Final = 32  # buttons, fields
    NAVIGATION: Final = 34
    PILL: Final = 22
    CHIP: Final = 26
    TAB: Final = 38
    ICON: Final = 16
    SIDEBAR: Final = 236
    HEADER: Final = 52
    LOG_ROW: Final = 20

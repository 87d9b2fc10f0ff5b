"""How the apps look: the theme of high contrast, the theme that is kept, and a colour for what is said
beside the point: $quiet, less than other text in each theme, and never so little that it is hard to
read. Textual's $text-muted is drawn at full strength within a text, louder than what stands beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App, ReturnType
from textual.color import Color
from textual.theme import Theme

from uptop_tui.leaders import kept_theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.driver import Driver

    from uptop_tui.leaders import Leaders

LEGIBLE = 4.5
"""The contrast that text needs (WCAG 2.2, level AA)."""

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#ffff00",
    secondary="#00ffff",
    accent="#ff9cff",
    success="#00ff66",
    warning="#ffd700",
    error="#ff8f8f",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1a1a1a",
    dark=True,
    text_alpha=1.0,
    variables={
        "text-muted": "#e0e0e0",
        "quiet": "#e0e0e0",
        "text-disabled": "#c8c8c8",
        "text-success": "#00ff66",
        "text-warning": "#ffd700",
        "text-error": "#ff8f8f",
        "text-accent": "#ff9cff",
        "text-primary": "#ffff00",
        "text-secondary": "#00ffff",
        "primary-muted": "#00246b",
        "accent-muted": "#4a004a",
        "block-cursor-foreground": "#000000",
        "block-cursor-background": "#ffff00",
        "block-cursor-blurred-background": "#303030",
        "border": "#ffffff",
        "border-blurred": "#c8c8c8",
        "footer-key-foreground": "#ffff00",
        "input-selection-background": "#00246b",
    },
)


class ThemedApp(App[ReturnType]):
    """An app in the theme that was chosen last; `leaders` is where it is kept."""

    def __init__(self, leaders: Leaders | None, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class)
        self.register_theme(HIGH_CONTRAST)
        self.theme = kept_theme(self.available_themes, leaders) or self.theme

    def get_css_variables(self) -> dict[str, str]:
        """Those of the theme, and $quiet."""
        variables = super().get_css_variables()
        return {"quiet": quiet(variables), **variables}


def quiet(variables: Mapping[str, str]) -> str:
    """The foreground of a theme, as near to the background as it is still legible."""
    background, foreground = (Color.parse(variables[name]) for name in ("background", "foreground"))
    if foreground.ansi is not None:
        return variables["text-muted"]  # what the terminal makes of it is not known here
    for part in (0.7, 0.8, 0.9):
        color = background.blend(foreground, part)
        if contrast(background, color) >= LEGIBLE:
            return color.hex
    return foreground.hex


def contrast(one: Color, other: Color) -> float:
    """From 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_light(one), _light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _light(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (color.r / 255, color.g / 255, color.b / 255)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

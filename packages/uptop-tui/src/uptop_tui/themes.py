"""The theme of high contrast: text and signs at 7:1 or better on black, lines that can be seen."""

from textual.theme import Theme

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

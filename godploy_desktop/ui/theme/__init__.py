"""Design tokens, fonts, icons, palette and style sheet: the one place that knows colours and sizes."""

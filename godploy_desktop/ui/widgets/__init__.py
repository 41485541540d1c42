"""Painted building blocks. They take tokens from the theme, never a colour of their own."""

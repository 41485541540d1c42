"""The window. The only room that imports Qt; it shows what core holds and calls what core offers."""

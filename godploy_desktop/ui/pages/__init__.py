"""One file a page: widgets, layout and bindings only."""

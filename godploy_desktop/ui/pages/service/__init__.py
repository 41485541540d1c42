"""The page of one service and its tabs."""

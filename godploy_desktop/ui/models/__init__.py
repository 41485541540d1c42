"""Qt models over what core holds, and the bridge that carries its changes to the window."""

"""What of a folder of this computer counts, and reading it."""

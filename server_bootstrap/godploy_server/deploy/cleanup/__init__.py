"""What a server can do without: found by label, row and age, shown before it goes. Runs in a process of its own."""

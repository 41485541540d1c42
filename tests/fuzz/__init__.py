"""What would take too long for every day: `make fuzz`."""

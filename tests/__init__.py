"""The tests of Godploy: unit, gui, bench, and the lab with real servers."""

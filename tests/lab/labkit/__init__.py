"""What the lab is made of: one part per module. Imports nothing of the product, so that it can judge it."""

"""A training step number by number, and the marking of one that was made by hand."""

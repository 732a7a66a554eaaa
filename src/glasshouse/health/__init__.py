"""What is wrong with a network, where, why, and what cures it."""

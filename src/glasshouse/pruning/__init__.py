"""Pruning: which weights a network can do without, cutting them, and what is left made smaller for real."""

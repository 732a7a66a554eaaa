"""Floor 2: rows in, arrays out. Knows nothing of networks."""

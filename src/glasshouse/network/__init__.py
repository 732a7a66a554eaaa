"""Floor 1: what a network is. Frozen layers over one packed vector of parameters, and the textbook's passes over it."""

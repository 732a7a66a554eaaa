"""Floor 6: one page about a model that somebody who never saw it can read from top to bottom, and its JSON twin."""

"""Floor 8: the command line. Parse, call one function, show; no arithmetic here."""

"""Models that come in from elsewhere, and go out to torch."""

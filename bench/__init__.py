"""Timings beside peers, interleaved on the same work and the same core; ``python -m bench``."""

"""C99: what is written, and the proof that it is the model: compiled here, linked for a microcontroller."""

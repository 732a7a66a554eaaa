"""The live page: a small server on this machine, the trainings it starts, and what a browser shows of them."""

"""Floor 1: processes that train together. A communicator exchanges arrays, and a world says who is there."""

"""Floor 2: the loop. A recipe is every choice, a state is all a checkpoint holds, an epoch is one page."""

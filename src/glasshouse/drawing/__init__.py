"""Floor 2: pictures of what a run or a network says of itself; matplotlib, imported when something is drawn."""

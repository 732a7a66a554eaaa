"""Floor 4: scikit-learn's manners around the loop."""

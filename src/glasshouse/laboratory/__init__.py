"""The laboratory: claims about networks, each an experiment that anybody can run, with a verdict out of the data."""

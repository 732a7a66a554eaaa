"""Models out of the house: C99 and ONNX, in float or in whole numbers, with the proof that they are the same."""

"""Floor 5: what people hold. A model is an encoder, a network and the meaning of its outputs, in one file."""

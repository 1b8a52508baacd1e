"""The codec `learned`: keyed carriers, with trained networks before and after them."""

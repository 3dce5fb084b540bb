"""One paper, one file, the loop visible. `NAMES` is what the command line offers, without importing any of them."""

NAMES = ("alphazero", "alphago_zero")

"""Games that others played: records read and written, and made into datasets to learn from."""

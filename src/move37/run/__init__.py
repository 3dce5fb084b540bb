"""Disk, clock and console: the only side effects of the library. `directory.Run` is what a recipe is given as `out`."""

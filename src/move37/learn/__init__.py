"""Targets and losses. Does not know of search: the two meet in a recipe, through `action_weights` and `value`."""

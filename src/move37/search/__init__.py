"""Policy improvement. Three verbs over one tree (`tree`), two drivers (`mcts`), two rules of selection (`puct`, `gumbel`)."""

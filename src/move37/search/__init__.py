"""Policy improvement: three verbs (`tree`), two drivers (`mcts`), two rules of selection (`puct`, `gumbel`)."""

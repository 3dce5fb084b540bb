"""Policy improvement: three verbs (`tree`), two drivers (`mcts`, `stepwise`), two rules of selection (`puct`, `gumbel`)."""

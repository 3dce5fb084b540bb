"""Policy improvement: three verbs (`tree`), two drivers (`mcts`, `stepwise`), two rules (`puct`, `gumbel`)."""

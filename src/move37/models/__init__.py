"""Who knows the rules: `rules` (AlphaZero). Each model is `embed`, `transition`, `evaluate`."""

"""AlphaGo."""

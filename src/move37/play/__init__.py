"""Acting: self-play on the device, episodes, the replay window, players and the arena."""

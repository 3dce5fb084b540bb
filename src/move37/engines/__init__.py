"""Protocols of other programs: what they ask of our agents, and what we ask of them."""

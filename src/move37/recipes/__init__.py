"""One paper, one file, the loop visible. `NAMES` is what the command line offers, without importing any of them."""

NAMES = ("alphazero", "alphago", "alphago_zero", "muzero")
STAGES = {"alphago": ("policy", "playout", "reinforce", "value")}  # parts that can be trained alone: alphago.policy
GAMES = {"alphago": "go_9x9", "alphago_zero": "go_9x9"}  # what is played where nobody says; others: connect_four
LEARNED = ("muzero",)  # recipes that need no rules: any world will do

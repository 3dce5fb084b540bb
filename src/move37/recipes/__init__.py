"""One paper, one file, the loop visible. `NAMES` is what the command line offers, without importing any of them."""

NAMES = ("alphazero", "alphago", "alphago_zero", "muzero", "muzero_unplugged", "stochastic_muzero")
STAGES = {"alphago": ("policy", "playout", "reinforce", "value")}  # parts that can be trained alone: alphago.policy
GAMES = {  # what is played where nobody says; others: connect_four
    "alphago": "go_9x9",
    "alphago_zero": "go_9x9",
    "muzero_unplugged": "gym:CartPole-v1",
    "stochastic_muzero": "game_2048",
}
LEARNED = ("muzero", "muzero_unplugged")  # recipes that need no rules: any world will do

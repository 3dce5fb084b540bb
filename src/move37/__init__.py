"""move37: systems that learned to plan by playing, as one loop with four slots.

A network predicts; a search improves on the prediction; the network learns the improvement; repeat.
Importing this package imports nothing else, so that the command line answers at once.
"""

__version__ = "0.1.0"

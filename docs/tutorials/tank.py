"""A tank with a leak: turn its valve so that the water neither runs out nor runs over."""

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete


class Tank(gymnasium.Env):
    """Action 0 closes the valve a little, 1 leaves it, 2 opens it. Every step with the water in the tank pays 1."""

    observation_space = Box(-np.inf, np.inf, (3,), np.float32)
    action_space = Discrete(3)
    max_episode_steps = 100

    def reset(self, *, seed=None, options=None):
        """Half full; the rain is another one for each seed."""
        super().reset(seed=seed)
        self.level, self.valve, self.rain = 0.5, self.np_random.uniform(0, 0.1), 0.0
        return self._seen(), {}

    def step(self, action):
        """(what is seen, reward, over?, cut off?, more)."""
        self.valve = min(max(self.valve + 0.02 * (int(action) - 1), 0.0), 0.1)
        self.rain = 0.9 * self.rain + 0.005 * self.np_random.normal()
        self.level += self.valve + self.rain - 0.05
        over = not 0 < self.level < 1
        return self._seen(), 0.0 if over else 1.0, over, False, {}

    def _seen(self):
        """Numbers of about the size of 1."""
        return np.array([2 * self.level - 1, 20 * self.valve - 1, 20 * self.rain], np.float32)

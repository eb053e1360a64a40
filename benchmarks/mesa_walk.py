"""A bare persistent walk in Mesa, run by another Python: `MIGRALAB_MESA_PYTHON=/path/to/python`. Prints s per agent step."""

from __future__ import annotations

import json
import math
import random
import time

import mesa

AGENTS, STEPS, REPEATS = 10_000, 3, 5
SPEED, TURN = 0.5, math.sqrt(2.0 / 60.0)  # um/min and rad per min^0.5: the walk of the assay, without rest


class Walker(mesa.Agent):
    def __init__(self, model):
        super().__init__(model)
        self.x = self.y = 0.0
        self.angle = random.uniform(0.0, 2.0 * math.pi)

    def step(self):
        self.angle += random.gauss(0.0, TURN)
        self.x += SPEED * math.cos(self.angle)
        self.y += SPEED * math.sin(self.angle)


class Dish(mesa.Model):
    def __init__(self):
        super().__init__(seed=1)
        for _ in range(AGENTS):
            Walker(self)

    def step(self):
        self.agents.shuffle_do("step")


def main():
    dish, shortest = Dish(), math.inf
    dish.step()
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(STEPS):
            dish.step()
        shortest = min(shortest, (time.perf_counter() - start) / STEPS)
    print(json.dumps({"version": mesa.__version__, "seconds_per_agent_step": shortest / AGENTS}))


if __name__ == "__main__":
    main()

"""A persistent walk in Mesa, run by another Python (`MIGRALAB_MESA_PYTHON`); prints s per agent step as JSON.

Three ways, because they differ fivefold: bare attributes on the agent (no place in any space, so nobody could be
asked for neighbours), agents in Mesa's continuous space, and those that also ask for their neighbours.
"""

from __future__ import annotations

import json
import math
import random
import time

import mesa
import numpy as np
from mesa.experimental.continuous_space import ContinuousSpace, ContinuousSpaceAgent

AGENTS, REPEATS, RADIUS = 10_000, 5, 20.0
SPEED, TURN = 0.5, math.sqrt(2.0 / 60.0)  # um/min and rad per min^0.5: the walk of the assay, without rest


class Bare(mesa.Agent):
    def __init__(self, model):
        super().__init__(model)
        self.x = self.y = 0.0
        self.angle = random.uniform(0.0, 2.0 * math.pi)

    def step(self):
        self.angle += random.gauss(0.0, TURN)
        self.x += SPEED * math.cos(self.angle)
        self.y += SPEED * math.sin(self.angle)


class Placed(ContinuousSpaceAgent):
    def __init__(self, model, space, place):
        super().__init__(space, model)
        self.position = place
        self.angle = random.uniform(0.0, 2.0 * math.pi)

    def step(self):
        self.angle += random.gauss(0.0, TURN)
        self.position += (SPEED * math.cos(self.angle), SPEED * math.sin(self.angle))


class Touching(Placed):
    def step(self):
        super().step()
        self.get_neighbors_in_radius(RADIUS)


def dish_of(kind, count):
    model = mesa.Model(seed=1)
    side = 100.0 * math.sqrt(count)
    space = ContinuousSpace([[0, side], [0, side]], torus=True, random=model.random, n_agents=count)
    for place in np.random.default_rng(1).uniform(0, side, (count, 2)):
        kind(model) if kind is Bare else kind(model, space, place)
    return model


def seconds_per_step(kind, count, repeats):
    dish, shortest = dish_of(kind, count), math.inf
    for _ in range(repeats):
        start = time.perf_counter()
        dish.agents.shuffle_do("step")
        shortest = min(shortest, time.perf_counter() - start)
    return shortest / count


def main():
    found = {
        "bare attributes": seconds_per_step(Bare, AGENTS, REPEATS),
        "continuous space": seconds_per_step(Placed, AGENTS, REPEATS),
        "continuous space, with neighbours": seconds_per_step(Touching, AGENTS, 2),
    }
    print(json.dumps({"version": mesa.__version__, "found": found}))


if __name__ == "__main__":
    main()

"""Networks for tests, from formulas in Python's own notation: no reader is needed, and none is tested."""

from __future__ import annotations

import ast

import numpy as np

from migralab.pathways.expression import TIME, Apply, Expression, Number, Symbol
from migralab.pathways.generate import cache, module
from migralab.pathways.network import Constant, Network, Variable
from migralab.pathways.solver.functions import PLAIN

_TWO = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}
_COMPARED = {ast.Lt: "lt", ast.Gt: "gt", ast.LtE: "le", ast.GtE: "ge"}


def formula(text: str | float) -> Expression:
    """Return the tree of ``k*x - y**2``; ``t`` is time, ``log`` is ln, and ``a if c else b`` is piecewise."""
    return _tree(ast.parse(str(text), mode="eval").body)


def _tree(node) -> Expression:
    if isinstance(node, ast.Constant):
        return Number(float(node.value))
    if isinstance(node, ast.Name):
        return Symbol(TIME if node.id == "t" else node.id)
    operation, parts = {
        ast.BinOp: lambda: (_TWO[type(node.op)], (node.left, node.right)),
        ast.UnaryOp: lambda: ("neg", (node.operand,)),
        ast.Compare: lambda: (_COMPARED[type(node.ops[0])], (node.left, *node.comparators)),
        ast.IfExp: lambda: ("piecewise", (node.body, node.test, node.orelse)),
        ast.Call: lambda: ({"log": "ln"}.get(node.func.id, node.func.id), node.args),
    }[type(node)]()
    return Apply(operation, tuple(map(_tree, parts)))


def network(rates, start, constants=None, *, inputs=(), assigned=None, **more) -> Network:
    """Return a network from formulas by name."""
    return Network(
        name="test",
        constants=tuple(Constant(name=name, value=float(value)) for name, value in (constants or {}).items()),
        inputs=tuple(inputs),
        variables=tuple(Variable(name=name) for name in rates),
        start=tuple((name, formula(value)) for name, value in start.items()),
        assigned=tuple((name, formula(value)) for name, value in (assigned or {}).items()),
        rates={name: formula(value) for name, value in rates.items()},
        shown={name: Symbol(name) for name in (*rates, *(assigned or {}))},
        **more,
    )


class Plain:
    """The functions of an uncompiled module, one cell at a time: `Plain(network, stiff=True).step(...)`."""

    def __init__(self, net: Network, *, stiff: bool) -> None:
        self.size = len(net.variables)
        self.names = cache.run_plain(module.make(net, stiff=stiff, plain=True).text, dict(PLAIN))
        self.c = self.names["prepare"](np.array([constant.value for constant in net.constants]))
        self.scratch = np.zeros(max(self.names["SCRATCH"], 1))

    def rates(self, t, y, u=()):
        out = np.zeros(self.size)
        with np.errstate(all="ignore"):
            self.names["rates"](np.array([float(t)]), y, np.array(u, float), self.c, self.scratch, out)
        return out

    def step(self, t, h, y, u=()):
        """Return the new state and the error of one step."""
        work = np.zeros(self.names["WORK"])
        work[self.names["FRESH"]] = 1.0
        tolerance, now, length = np.array([1e-6, 1e-9]), np.array([float(t)]), np.array([float(h)])
        with np.errstate(all="ignore"):
            self.names["attempt"](now, length, y, np.array(u, float), self.c, tolerance, work)
        return work[self.names["NEW"] :][: self.size].copy(), work[self.names["ERROR"]]

    def factored(self, t, d, y, b, u=()):
        """Return the solution x of (d I - J) x = b, df/dt if the rates mention time, and the growth."""
        factors, timed = self.names["FACTORS"], self.names["TIMED"]
        m, x = np.zeros(factors + timed * self.size + 1), np.array(b, float)
        now, diagonal = np.array([float(t)]), np.array([float(d)])
        with np.errstate(all="ignore"):
            self.names["factor"](now, diagonal, y, np.array(u, float), self.c, self.scratch, m)
            self.names["solve"](self.c, m, x)
        return x, m[factors : factors + timed * self.size], m[-1]


# Every kind of loop in one: a call in the middle of arithmetic (power with a constant exponent, exp), time, an input,
# an assigned quantity that follows from constants alone, a condition; a fast and a slow variable
MIXED = network(
    {
        "a": "on*u*(1 - a) - off*a",
        "b": "gain*hill - fast*(b - a)",
        "c": "exp(-c)*(1 + 0.5*sin(t)) - c*a",
        "d": "(b if b < half else half) - d/5",
        "e": "d - e*ratio",
    },
    {"a": "0.1*u", "b": 0.2, "c": 0.3, "d": "c + 0.1", "e": "gain"},
    {"on": 0.7, "off": 0.2, "gain": 1.3, "half": 0.4, "n": 2.5, "fast": 3.0},
    inputs=("u",),
    assigned={"hill": "c**n/(half**n + c**n)", "ratio": "off/on + half**n"},
)

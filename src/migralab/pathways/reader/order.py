"""The order in which formulas can be evaluated, and the loop where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class LoopError(ValueError):
    """Formulas that need each other; `names` are the loop in order."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(" -> ".join([*names, names[0]]))


def evaluation_order(needs: Mapping[str, Iterable[str]], *, ignore_loops: bool = False) -> list[str]:
    """Return the names so that each stands after those that it needs; else in the order given.

    Parameters
    ----------
    needs
        Names that each name needs; those that are no keys are ignored.
    ignore_loops
        Whether the need that closes a loop is left out, instead of raising.

    Raises
    ------
    LoopError
        If some need each other.
    """
    done: set[str] = set()
    order: list[str] = []
    for first in needs:
        if first in done:
            continue
        path = [first]
        on_path = {first}
        waiting = [iter(sorted(name for name in needs[first] if name in needs))]
        while path:
            following = next((name for name in waiting[-1] if name not in done), None)
            if following is None:
                name = path.pop()
                waiting.pop()
                on_path.discard(name)
                done.add(name)
                order.append(name)
            elif following in on_path:
                if ignore_loops:
                    continue
                raise LoopError(path[path.index(following) :])
            else:
                path.append(following)
                on_path.add(following)
                waiting.append(iter(sorted(name for name in needs[following] if name in needs)))
    return order


def count_paths(needs: Mapping[str, Iterable[str]]) -> tuple[int, int]:
    """Return how many ways lead from name to name, and the longest; both libraries in C walk each of them.

    Parameters
    ----------
    needs
        Names that each name needs; those that are no keys are ignored.
    """
    ways: dict[str, int] = {}
    length: dict[str, int] = {}
    for name in evaluation_order(needs, ignore_loops=True):
        inner = [own for own in needs[name] if own in ways]
        ways[name] = min(1 + sum(ways[own] for own in inner), 10**12)
        length[name] = 1 + max((length[own] for own in inner), default=0)
    return sum(ways.values()), max(length.values(), default=0)

"""Every observable by id. A new one is a function, a line in the module of its family here, and a test."""

from __future__ import annotations

from migralab.measure.registry import formation, motion, pools, recipients, signals
from migralab.measure.registry.observable import Observable
from migralab.measure.registry.request import Request, parse_request

OBSERVABLES: dict[str, Observable] = {
    line.id: line
    for family in (
        formation.list_counts, formation.list_releases, formation.list_fibres, formation.list_sizes,
        formation.list_places, formation.list_ageing, motion.list_cells, motion.list_turns, motion.list_order,
        signals.list_signals,
        recipients.list_attraction, recipients.list_guidance, recipients.list_sites, recipients.list_clusters,
        recipients.list_uptake,
        recipients.list_pathways, recipients.list_tissue, recipients.list_conditions, pools.list_pools,
    )
    for line in family()
}  # fmt: skip


def find_observable(name: str) -> Request:
    """Return the observable, the population and the options that an id asks for; see `parse_request`."""
    return parse_request(name, OBSERVABLES)


__all__ = ["OBSERVABLES", "Observable", "Request", "find_observable"]

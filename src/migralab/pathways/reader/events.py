"""Events without delay."""

from __future__ import annotations

from typing import Any

from migralab.pathways.expression import Number
from migralab.pathways.network import Event
from migralab.pathways.reader.quantity import Table


def read_events(table: Table) -> list[tuple[Any, Event]]:
    """Return all events that can do anything, setting quantities as the model names them; marks those quantities."""
    events = []
    for number, own in enumerate(table.model.getListOfEvents(), start=1):
        trigger = own.getTrigger()
        if trigger is None or not trigger.isSetMath():
            continue
        _refuse_delay(table, own)
        sets = []
        for assignment in own.getListOfEventAssignments():
            name = assignment.getVariable()
            target = table.quantities.get(name)
            if target is None:
                raise table.source.refuse_at(assignment, f"'{name}' is not declared; declare it")
            if target.rule is not None:
                raise table.source.refuse_at(assignment, f"'{name}' has an assignment rule; an event cannot set it")
            if not assignment.isSetMath():
                continue
            target.in_events = True
            sets.append((name, table.read(assignment, assignment.getMath())))
        priority = own.getPriority()
        has_priority = priority is not None and priority.isSetMath()
        event = Event(
            name=own.getIdAttribute() or table.unused(f"event_{number}"),
            trigger=table.read(trigger, trigger.getMath()),
            starts_true=trigger.getInitialValue() if own.getLevel() > 2 else True,
            persistent=trigger.getPersistent() if own.getLevel() > 2 else True,
            early=own.getUseValuesFromTriggerTime(),
            priority=table.read(priority, priority.getMath()) if has_priority else None,
            sets=tuple(sets),
        )
        events.append((own, event))
    return events


def _refuse_delay(table: Table, event: Any) -> None:
    """Refuse an event with a delay; one of constant zero is none."""
    delay = event.getDelay()
    if delay is None or not delay.isSetMath():
        return
    formula = table.read(delay, delay.getMath())
    if formula == Number(0.0):
        return
    raise table.source.refuse_at(
        event, "events with a delay are not supported; let a variable count the time and trigger on it"
    )

"""A formula as people write it."""

from __future__ import annotations

from migralab.pathways.expression import Apply, Expression, Number, Symbol

_BINDS = {"add": 1, "sub": 1, "neg": 2, "mul": 3, "div": 3, "pow": 4}
_SIGNS = {"add": " + ", "sub": " - ", "mul": " * ", "div": " / ", "pow": "^"}
_RELATIONS = {"lt": " < ", "le": " <= ", "gt": " > ", "ge": " >= ", "eq": " == ", "ne": " != "}
_WORDS = {"and": " and ", "or": " or ", "xor": " xor "}
_ATOM = 9
LONGEST = 400  # characters of one formula on a screen


def write_formula(expression: Expression) -> str:
    """Return a formula in one line, with no more brackets than it needs; a very long one is cut."""
    text = _write(expression)[0]
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _write(expression: Expression) -> tuple[str, int]:
    """Return the text and how strongly its outermost operation binds."""
    if isinstance(expression, Number):
        return f"{expression.value:.6g}", _ATOM if expression.value >= 0 else _BINDS["neg"]
    if isinstance(expression, Symbol):
        return expression.name, _ATOM
    return _write_operation(expression)


def _write_operation(expression: Apply) -> tuple[str, int]:
    operation, parts = expression.operation, [_write(own) for own in expression.arguments]
    if operation in _SIGNS and len(parts) > 1:
        binds = _BINDS[operation]
        # What stands to the right of - and / needs brackets where it binds alike; a power of a power on the left
        first = _bracket(*parts[0], binds + (operation == "pow"))
        rest = [_bracket(text, own, binds + (operation in {"sub", "div"})) for text, own in parts[1:]]
        return _SIGNS[operation].join([first, *rest]).replace(" + -", " - "), binds
    if operation == "neg":
        return f"-{_bracket(*parts[0], _BINDS['neg'])}", _BINDS["neg"]
    for table in (_RELATIONS, _WORDS):
        if operation in table:
            return table[operation].join(_bracket(text, own, 1) for text, own in parts), 0
    if operation == "piecewise":
        return _write_cases([text for text, _ in parts]), _ATOM
    return f"{operation}({', '.join(text for text, _ in parts)})", _ATOM


def _write_cases(parts: list[str]) -> str:
    cases = [f"{value} if {condition}" for value, condition in zip(parts[::2], parts[1::2], strict=False)]
    return f"{{{'; '.join([*cases, *([f'else {parts[-1]}'] if len(parts) % 2 else [])])}}}"


def _bracket(text: str, binds: int, least: int) -> str:
    return text if binds >= least else f"({text})"

"""From a template and its content to the text of one HTML file."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from migralab.report import wording


def fill_template(name: str, **content: Any) -> str:
    """Return the page of a template of `templates`; what the template asks for and does not get is an error."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters |= {"number": wording.number, "unit": wording.unit, "json": _script_json}
    return str(environment.get_template(name).render(**content))


def _read(name: str) -> str:
    return files("migralab.report").joinpath("templates", name).read_text(encoding="utf-8")


def _script_json(value: object) -> Any:
    """Return JSON that can stand inside a script element: nothing in it can end the element."""
    import markupsafe

    return markupsafe.Markup(json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"))

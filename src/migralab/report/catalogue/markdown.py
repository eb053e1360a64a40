"""Markdown as the pages of the catalogue use it: cells, tables, verdicts, numbers, references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from migralab.report.catalogue.results import Judged
from migralab.report.catalogue.sections.words import off, seen
from migralab.spec.bibtex import BibEntry
from migralab.spec.parameter import Parameter, Source

VERDICTS = {
    "pass": "pass",
    "fail": "**FAIL**",
    "inconclusive": "inconclusive",
    "none": "not judged",
    "impossible": "impossible",
}


def cell(text: object) -> str:
    """Return text that can stand in a table."""
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|").replace("<", "&lt;").strip()


def line(text: object) -> str:
    """Return text as one line of prose, without what Markdown or HTML would take for marks."""
    return re.sub(r"\s+", " ", str(text)).replace("<", "&lt;").replace("*", "\\*").strip()


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a table; columns that are empty in every row are left out; nothing without rows."""
    body = [[str(item) for item in row] for row in rows]
    if not body:
        return []
    kept = [k for k in range(len(head)) if k == 0 or any(row[k] for row in body)]
    lines = ["| " + " | ".join(head[k] for k in kept) + " |", "|" + "---|" * len(kept)]
    return lines + ["| " + " | ".join(row[k] for k in kept) + " |" for row in body]


def paragraphs(text: str, lead: str = "") -> list[str]:
    """Return a note as lines of Markdown: a blank line in the note begins a paragraph, a dash an item of a list.

    A folded scalar (``>-``) keeps a blank line as one line break, a literal one (``|``) as two.

    Parameters
    ----------
    lead
        What stands in front of the first words, for example ``**What to know.** ``.
    """
    mark = "\n\n" if "\n\n" in text else "\n"
    lines: list[str] = []
    for part in filter(None, (part.strip() for part in text.split(mark))):
        item = part.startswith("- ")
        if lines and not (item and lines[-1].startswith("- ")):
            lines.append("")
        lines.append(f"- {line(part[2:])}" if item else line(part))
    if lines and lead:
        lines = [lead.rstrip(), "", *lines] if lines[0].startswith("- ") else [lead + lines[0], *lines[1:]]
    return lines


def observed(claim: Judged) -> str:
    """Return estimate and interval with their unit, for a cell or a sentence."""
    return cell(seen(claim))


def verdict(claim: Judged) -> str:
    """Return the verdict, a failing one in capitals and with how far it is off."""
    return VERDICTS.get(claim.verdict, claim.verdict) + off(claim)


def value(p: Parameter) -> str:
    """Return a number with its unit, and a star where a published result set it."""
    return f"{p}" + ("\\*" if p.calibrated_on else "")


def reach(p: Parameter) -> str:
    """Return the range of a number, nothing where none is stated."""
    if p.low is None and p.high is None:
        return ""
    low, high = ("..." if end is None else f"{end:g}" for end in (p.low, p.high))
    return f"{low} to {high}"


def cited(source: Source) -> str:
    """Return a source for a cell: key, locator; the tag has a column of its own."""
    return cell(f"{source.key}, {source.locator}")


def reference(entry: BibEntry) -> str:
    """Return one reference as a line, with a link to its DOI where it has one."""
    fields = {name: _plain_tex(text) for name, text in entry.fields.items()}
    place = " ".join(
        fields[name] for name in ("journal", "booktitle", "publisher", "volume", "pages") if name in fields
    )
    parts = [_authors(fields.get("author", "")), fields.get("title", ""), place, fields.get("year", "")]
    words = ". ".join(part.rstrip(".") for part in parts if part)
    doi = fields.get("doi", "")
    link = f" [doi:{doi}](https://doi.org/{doi})" if doi else (f" <{fields['url']}>" if fields.get("url") else "")
    return f"- **{entry.key}**: {cell(words)}.{link}" + (f" ({cell(fields['note'])})" if fields.get("note") else "")


def _authors(text: str) -> str:
    names = [name.partition(",")[0].strip() for name in text.split(" and ") if name.strip()]
    if len(names) > 3 or "others" in names:
        return f"{names[0]} et al"
    return ", ".join(names)


def _plain_tex(text: str) -> str:
    return re.sub(r"[{}]", "", text).replace("--", "–").replace("\\&", "&").replace("\\_", "_")

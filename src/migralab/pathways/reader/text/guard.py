"""What is refused before a library in C sees the text: what would crash it, hang it, or make it open files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat

from migralab.pathways.reader.order import count_paths
from migralab.pathways.reader.text.source import Source, without_comments

MOST_ANTIMONY = 500_000
"""Characters; libantimony's time grows with the square (10 s at this size)."""
MOST_REACTIONS = 5_000
"""In Antimony, for the same reason (9 s)."""
MOST_SBML = 10_000_000
MOST_NESTED = 100
"""Parentheses inside each other; libraries call themselves for each, and their stack ends somewhere."""
MOST_XML_DEPTH = 250
MOST_IN_A_FORMULA = 10_000
MOST_IN_A_STATEMENT = 20_000
MOST_OPERATORS = 1_000
MOST_SUBMODELS = 1_000
MOST_NESTED_MODELS = 20
MOST_WAYS = 2_000_000
"""From assigned quantity to assigned quantity (3 s); libantimony walks them all to find loops."""
LONGEST_CHAIN = 150
LONGEST_CALLS = 30

_IMPORT_ANYWHERE = re.compile(r'\bimport(?:\s|/\*.*?\*/)*"', re.DOTALL)
_DECLARATION = re.compile(r"\s*(?:<\?xml\s.*?\?>)?", re.DOTALL)
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\ud800-\udfff]")
_ARROW = re.compile(r"->|=>")
_OPERATOR = re.compile(r"[-+*/^!%<>=&|,]")
_MODULE = re.compile(r"^\s*(?:model|module)\s+\*?\s*([A-Za-z_]\w*)", re.MULTILINE)
_FUNCTION = re.compile(r"\bfunction\s+([A-Za-z_]\w*)\s*\(.*?\)(.*?)\bend\b", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_LABEL = re.compile(r"\s*([A-Za-z_]\w*)\s*:")
_ASSIGNMENT = re.compile(r"\s*(?:[A-Za-z_]\w*\s+)*([A-Za-z_]\w*)\s*:?=(.*)", re.DOTALL)
_BLOCK_END = re.compile(r"(?:^|;)\s*end\b", re.MULTILINE)


def check_antimony(source: Source) -> None:
    """Refuse an Antimony text that libantimony must not see.

    Raises
    ------
    PathwayError
        With the line.
    """
    text = source.text
    _check_size(source, MOST_ANTIMONY)
    plain = without_comments(text)
    if (reactions := len(_ARROW.findall(plain))) > MOST_REACTIONS:
        raise source.refuse(
            f"it has {reactions:,} reactions, and {MOST_REACTIONS:,} are allowed in Antimony; write it in SBML"
        )
    if found := re.search(r"\bimport\b", plain) or _IMPORT_ANYWHERE.search(text):
        raise source.refuse(
            "'import' is not supported, since a model must not open files; put the imported text into this one",
            line=text.count("\n", 0, found.start()) + 1,
        )
    _check_paths(source, plain)
    _check_functions(source, plain)
    for number, (line, statement) in enumerate(zip(text.split("\n"), plain.split("\n"), strict=True), start=1):
        if strange := next(
            (sign for sign in statement if ord(sign) > 126 or (ord(sign) < 32 and sign not in "\t\r")), ""
        ):
            raise source.refuse(
                f"the sign {strange!r} is not allowed outside comments and quotes; a name is of letters, digits and _",
                line=number,
            )
        _check_statement(source, line, number)
    _check_modules(source, plain)


def _check_size(source: Source, most: int) -> None:
    text = source.text
    if not text.strip():
        raise source.refuse("the text is empty; write a model in Antimony or SBML")
    if found := _NO_TEXT.search(text):
        raise source.refuse(
            f"this is not a text (it has the sign {found.group()!r}); give a model in Antimony or SBML",
            line=text.count("\n", 0, found.start()) + 1,
        )
    if len(text) > most:
        raise source.refuse(
            f"the text has {len(text):,} characters, and {most:,} are allowed in {source.language}; "
            "make the model smaller"
        )


def _check_statement(source: Source, line: str, number: int | None, element: str = "") -> None:
    """Refuse one line of formulas that is too long or nested too deep for recursive parsers."""
    if len(line) > MOST_IN_A_STATEMENT:
        raise source.refuse(
            f"the line has {len(line):,} characters, and {MOST_IN_A_STATEMENT:,} are allowed; split it",
            line=number,
            element=element,
        )
    depth = deepest = 0
    for sign in line:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > MOST_NESTED:
        raise source.refuse(
            f"{deepest} parentheses stand inside each other, and {MOST_NESTED} are allowed; assign the inner parts",
            line=number,
            element=element,
        )
    if any(len(_OPERATOR.findall(part)) > MOST_OPERATORS for part in line.split(";")):
        raise source.refuse(
            f"one statement has more than {MOST_OPERATORS:,} operators; assign its parts to parameters",
            line=number,
            element=element,
        )


def _check_paths(source: Source, plain: str) -> None:
    """Refuse assignments that lead to each other in so many ways that libantimony's search for loops would not end."""
    needs: dict[str, list[str]] = {}  # a name that stands twice leads on in two ways
    law_of = ""
    for statement in re.split(r"[;\n]", plain):
        if law_of:
            needs.setdefault(law_of, []).extend(_WORD.findall(statement))
            law_of = ""
        elif _ARROW.search(statement):
            label = _LABEL.match(statement)
            law_of = label.group(1) if label else ""
        elif assignment := _ASSIGNMENT.match(statement):
            needs.setdefault(assignment.group(1), []).extend(_WORD.findall(assignment.group(2)))
    ways, longest = count_paths(needs)
    if ways > MOST_WAYS or longest > LONGEST_CHAIN:
        raise source.refuse(
            f"its assignments need each other in chains of up to {longest} and in {ways:,} ways "
            f"({LONGEST_CHAIN} and {MOST_WAYS:,} are allowed in Antimony); make the chains shorter, or write it in SBML"
        )


def _check_functions(source: Source, plain: str) -> None:
    """Refuse functions that call each other in long chains: libantimony's time grows with the fourth power."""
    bodies = {found.group(1): (found.start(), found.group(2)) for found in _FUNCTION.finditer(plain)}
    calls = {name: set(_WORD.findall(body)) & bodies.keys() for name, (_, body) in bodies.items()}
    _, longest = count_paths(calls)
    if longest > LONGEST_CALLS:
        raise source.refuse(
            f"functions call each other in a chain of {longest}, and {LONGEST_CALLS} are allowed; make it shorter",
            line=plain.count("\n", 0, max(start for start, _ in bodies.values())) + 1,
        )


def _check_modules(source: Source, plain: str) -> None:
    """Refuse models of models that would be too many when written out."""
    starts = [(found.group(1), found.start(), found.end()) for found in _MODULE.finditer(plain)]
    uses: dict[str, list[str]] = {}
    names = {name for name, _, _ in starts}
    for name, first, after in starts:
        end = _BLOCK_END.search(plain, after)
        inside = plain[after : end.start() if end else len(plain)]
        del first
        uses[name] = [own for own in re.findall(r":\s*([A-Za-z_]\w*)\s*\(", inside) if own in names]
    outside = [own for own in re.findall(r":\s*([A-Za-z_]\w*)\s*\(", plain) if own in names]
    check_submodels(source, {**uses, "": outside})


def check_submodels(source: Source, uses: Mapping[str, list[str]]) -> None:
    """Refuse models that contain each other, or too many when written out.

    Parameters
    ----------
    uses
        Models that each model contains, once for each copy.

    Raises
    ------
    PathwayError
        With the name of the model.
    """
    total: dict[str, int] = {}
    nested: dict[str, int] = {}
    open_names: set[str] = set()
    for first in uses:
        todo = [first]
        while todo:
            name = todo[-1]
            inner = [own for own in uses.get(name, ()) if own not in total]
            if name in total or not inner:
                total[name] = 1 + sum(total.get(own, 1) for own in uses.get(name, ()))
                nested[name] = 1 + max((nested.get(own, 0) for own in uses.get(name, ())), default=0)
                open_names.discard(name)
                todo.pop()
                if total[name] > MOST_SUBMODELS or nested[name] > MOST_NESTED_MODELS:
                    raise source.refuse(
                        f"written out it has more than {MOST_SUBMODELS:,} models inside, or more than "
                        f"{MOST_NESTED_MODELS} inside each other; use fewer",
                        line=source.line_of(name) if name else None,
                        element=f"model '{name}'" if name else "",
                    )
                continue
            open_names.add(name)
            if loop := next((own for own in inner if own in open_names), ""):
                raise source.refuse(
                    f"model '{loop}' contains itself; take it out", line=source.line_of(loop), element=f"model '{name}'"
                )
            todo.append(inner[0])


_NO_OPERATION = frozenset({"apply", "cn", "piecewise", "lambda", "math", "bvar", "degree", "logbase"})
_SBML = "http://www.sbml.org/sbml/level"
_NAMESPACES = {
    **{("1", version): f"{_SBML}1" for version in "12"},
    ("2", "1"): f"{_SBML}2",
    **{("2", version): f"{_SBML}2/version{version}" for version in "2345"},
    **{("3", version): f"{_SBML}3/version{version}/core" for version in "12"},
}


class _Walker:
    """Walks over the tags of an XML text without building anything."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.depth = self.in_formula = 0
        self.math_depth: int | None = None
        self.math_tags: list[tuple[str, list[str]]] = []
        self.parser = expat.ParserCreate(encoding="utf-8")
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.StartElementHandler = self.open
        self.parser.EndElementHandler = self.close

    @property
    def line(self) -> int:
        """The line of the tag at hand."""
        return int(self.parser.CurrentLineNumber)

    def doctype(self, name: str, *_: object) -> None:
        """Refuse entities, which can write a text of any length, or open files."""
        raise self.source.refuse(
            "DOCTYPE and ENTITY are not allowed in a model; delete the declaration", line=self.line, element=name
        )

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """Count a tag."""
        self.depth += 1
        if self.depth == 1:
            self._check_root(name, attributes)
        if self.depth > MOST_XML_DEPTH:
            raise self.source.refuse(
                f"tags are nested deeper than {MOST_XML_DEPTH} levels; assign the inner parts of the formula",
                line=self.line,
                element=name,
            )
        word = name.rpartition(":")[2]
        if word == "math" and self.math_depth is None:
            self.math_depth, self.in_formula = self.depth, 0
        if self.math_depth is not None:
            self._check_operator(word)
        self.in_formula += 1
        if self.math_depth is not None and self.in_formula > MOST_IN_A_FORMULA:
            raise self.source.refuse(
                f"one formula has more than {MOST_IN_A_FORMULA:,} parts; assign its parts to parameters", line=self.line
            )
        if "formula" in attributes:  # Level 1 writes formulas as text
            _check_statement(self.source, attributes["formula"], self.line, name)

    def _check_root(self, name: str, attributes: dict[str, str]) -> None:
        """Refuse what is not SBML, or no level of it: libsbml ends the process where they do not fit together."""
        prefix, _, word = name.rpartition(":")
        if word != "sbml":
            raise self.source.refuse(
                f"this is XML, but not SBML: it begins with <{name[:40]}>; give a model in SBML or Antimony",
                line=self.line,
            )
        level, version = attributes.get("level", ""), attributes.get("version", "")
        space = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns", "")
        if space != _NAMESPACES.get((level, version)):
            raise self.source.refuse(
                f"level '{level[:20]}', version '{version[:20]}' and namespace '{space[:80]}' are no SBML known "
                "here; export the model as one of the levels 1 to 3",
                line=self.line,
            )

    def _check_operator(self, word: str) -> None:
        """Refuse what is applied and is no operation: libsbml ends the process at it when it writes out submodels."""
        if self.math_tags:
            parent, children = self.math_tags[-1]
            if parent == "apply" and not children and word in _NO_OPERATION:
                raise self.source.refuse(
                    f"<{word}> stands where <apply> has its operation; write the operation first", line=self.line
                )
            children.append(word)
        self.math_tags.append((word, []))

    def close(self, _: str) -> None:
        """Count the end of a tag."""
        if self.math_depth is not None:
            word, children = self.math_tags.pop()
            if word == "apply" and not children:
                raise self.source.refuse("an <apply> of the formula is empty; give it an operation", line=self.line)
        if self.depth == self.math_depth:
            self.math_depth = None
        self.depth -= 1


def check_sbml(source: Source) -> str:
    """Return the text with its encoding declared as it is here; refused if no XML, with entities, or nested too deep.

    Raises
    ------
    PathwayError
        With the line.
    """
    _check_size(source, MOST_SBML)
    declared = _DECLARATION.match(source.text)
    lines = source.text.count("\n", 0, declared.end() if declared else 0)
    text = f'<?xml version="1.0" encoding="UTF-8"?>{chr(10) * lines}{source.text[declared.end() if declared else 0 :]}'
    walker = _Walker(source)
    try:
        walker.parser.Parse(text.encode(), True)  # noqa: FBT003 # expat takes it by place
    except expat.ExpatError as error:
        raise source.refuse(
            f"this is not well-formed XML ({expat.ErrorString(error.code)}); mend it, or export the model again",
            line=error.lineno,
        ) from None
    return text

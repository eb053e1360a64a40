"""Nothing grows past the size at which it is still read whole; an exception would need a decision record."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "migralab"
FILES_IN_A_ROOM = 12

# what, files, most lines
LIMITS = {
    "module": ("src/migralab/**/*.py", 400),
    "test": ("tests/**/*.py", 500),
    "benchmark": ("benchmarks/**/*.py", 400),
    "example": ("examples/**/*.py", 400),
    "catalogue entry": ("src/migralab/catalog/**/*.yaml", 250),
    "page": ("docs/**/*.md", 300),
    "decision record": ("docs/adr/*.md", 40),
}


def longer_than(limit: int, files: Iterable[Path]) -> list[str]:
    """Return ``file: lines`` of every file with more lines than the limit."""
    counts = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    return [f"{file.name}: {lines} lines, at most {limit}" for file, lines in sorted(counts.items()) if lines > limit]


def crowded_rooms(package: Path, limit: int) -> list[str]:
    """Return every folder with more modules than the limit; ``__init__.py`` is not counted."""
    rooms = [package, *(folder for folder in package.rglob("*") if folder.is_dir())]
    counts = {room: sum(file.name != "__init__.py" for file in room.glob("*.py")) for room in rooms}
    return [f"{room.name}: {count} modules, at most {limit}" for room, count in sorted(counts.items()) if count > limit]


@pytest.mark.parametrize("kind", LIMITS)
def test_nothing_is_too_long_to_be_read_whole(kind):
    pattern, limit = LIMITS[kind]
    assert longer_than(limit, ROOT.glob(pattern)) == []


def test_no_room_is_crowded():
    assert crowded_rooms(PACKAGE, FILES_IN_A_ROOM) == []


def test_one_line_or_one_module_too_many_is_seen(tmp_path):
    room = tmp_path / "house" / "room"
    room.mkdir(parents=True)
    for name in ("__init__", "first", "second"):
        (room / f"{name}.py").write_text("x = 1\n" * 4)
    assert longer_than(4, room.glob("*.py")) == []
    assert len(longer_than(3, room.glob("*.py"))) == 3
    assert crowded_rooms(tmp_path, 2) == []
    assert crowded_rooms(tmp_path, 1) == ["room: 2 modules, at most 1"]

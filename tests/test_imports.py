"""The folder says what a file may import."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "g2tr"
FLOORS = (
    {"exports", "errors", "assets", "lfs"},
    {"config", "files", "images"},
    {"reducers"},
    {"models"},
    {"metrics"},
    {"benchmarks"},
    {"evaluation"},
    {"report", "judges"},
    {"training", "loggers"},
    {"cli"},
    {"__main__"},
)
WINGS = {"scenes": {"benchmarks", "training", "report"}, "integrations": set()}  # and who may import them


def imports() -> Iterator[tuple[Path, str, str]]:
    """Every file, its room, and a room that it imports."""
    for file in sorted(PACKAGE.rglob("*.py")):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("g2tr."):
                yield file, room, str(node.module).split(".")[1]


def test_no_file_imports_from_a_floor_above_its_own() -> None:
    floor = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
    wrong = [
        f"{file.relative_to(PACKAGE)} imports {other}"
        for file, room, other in imports()
        if room in floor and other in floor and room != other and floor[other] >= floor[room]
    ]
    assert not wrong


def test_side_wings_are_imported_by_those_alone_who_show_or_draw_scenes() -> None:
    wrong = [
        f"{file.relative_to(PACKAGE)} imports {other}"
        for file, room, other in imports()
        if other in WINGS and room != other and room not in WINGS[other]
    ]
    assert not wrong


def test_every_room_has_its_floor() -> None:
    rooms = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if not path.name.startswith("__")}
    assert rooms <= set().union(*FLOORS) | set(WINGS)


def test_the_root_holds_at_most_eight_files() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def test_the_page_on_architecture_shows_this_order() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.split("| floor | packages |")[1].split("\n\n")[0]
    shown = [set(re.findall(r"`(\w+)`", line)) for line in table.splitlines() if "`" in line]
    order = [set(rooms) for rooms in reversed(FLOORS) if not rooms & {"__main__"}]
    bottom = set().union(*order[8:])
    assert shown == [*order[:8], bottom - {"assets"}]

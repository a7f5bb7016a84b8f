"""How large the pieces of the package are and how its rooms depend on each other.

    python tools/measures.py [FOLDER]      a package, by default g2tr

A room is a package, or a file at the root; an arrow is a room that imports another; a room stands one floor above the
highest that it imports.
"""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

Arrows = dict[str, set[str]]


def functions(tree: ast.AST) -> Iterator[int]:
    """Lines of every function, from its name to its last line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.end_lineno - node.lineno + 1 if node.end_lineno else 1


def module_of(file: Path, package: Path) -> str:
    """The dotted name of a file."""
    return ".".join(file.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.AST, modules: set[str]) -> Iterator[str]:
    """Modules of the package that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield from [found for found in (name, node.module) if found in modules][:1]


def room_of(module: str) -> str:
    """The package of a module; a file at the root is a room of its own."""
    return ".".join(module.split(".")[:2])


def floors(arrows: Arrows) -> dict[str, int]:
    """The floor of each room; two rooms that import each other share one."""
    floor = dict.fromkeys(arrows, 0)
    for _ in arrows:
        for room, others in arrows.items():
            below = [floor[other] + 1 for other in others if room not in arrows[other]]
            floor[room] = max([floor[room], *below])
    return floor


def main() -> None:
    """Prints the measures of a package."""
    package = Path(sys.argv[1] if len(sys.argv) > 1 else "g2tr").resolve()
    files = sorted(package.rglob("*.py"))
    trees = {module_of(file, package): ast.parse(file.read_text(encoding="utf-8")) for file in files}
    rooms = {module: room_of(module) for module in trees}
    arrows: Arrows = {room: set() for room in rooms.values()}
    for module, tree in trees.items():
        arrows[rooms[module]] |= {rooms[other] for other in imported(tree, set(trees))} - {rooms[module]}
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    lengths = sorted(length for tree in trees.values() for length in functions(tree))
    largest = max(lines, key=lambda file: lines[file])
    print(f"files {len(files)}, lines {sum(lines.values())}, at the root {len(list(package.glob('*.py')))}")
    ninth = lengths[int(0.9 * len(lengths))]
    print(f"functions {len(lengths)}, median {statistics.median(lengths):g} lines, 90th percentile {ninth}")
    print(f"largest file {largest.relative_to(package)} with {lines[largest]} lines")
    height = max(floors(arrows).values()) + 1
    stands = f"floors {height}" if height <= len(arrows) else "no floors: rooms import each other in a circle"
    print(f"rooms {len(arrows)}, arrows {sum(map(len, arrows.values()))}, {stands}")


if __name__ == "__main__":
    main()

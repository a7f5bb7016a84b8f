"""A sheet of scenes with their questions, edits and targets, to look at."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont, ImageOps

from g2tr.scenes.draws import draw_edits, draw_pairs
from g2tr.scenes.render import pictures
from g2tr.scenes.versions import world
from g2tr.scenes.world import World

SIDE, GAP, LINE, COLUMNS = 168, 8, 18, 4
PANEL = (2 * SIDE + GAP, SIDE + 5 * LINE + 10)
MARGIN = 28
HEAD = 44
PAPER, INK, FAINT, ACCENT, LEAF = (252, 251, 248), (32, 34, 40), (112, 116, 126), (186, 72, 32), (24, 110, 92)
Line = tuple[tuple[str, tuple[int, int, int]], ...]


class Panel(NamedTuple):
    """Two pictures and the lines below them, each line in pieces of one colour."""

    left: Image.Image
    right: Image.Image
    lines: list[Line]


def draw_sheet(version: str, path: Path, seed: int = 0, scenes: int = 16) -> None:
    """Draws scenes with an edit and three questions each, and a row of pairs where the world has them, as PNG.

    Raises `InputError` for a version that does not exist.
    """
    on = world(version)
    panels = [*edit_panels(on, seed, scenes), *pair_panels(on, seed)]
    sheet = lay_out(panels, f"scenes {version}   seed {seed}")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Six bits a channel look the same and take a quarter off the file.
    ImageOps.posterize(sheet, 6).save(path, optimize=True)


def edit_panels(on: World, seed: int, count: int) -> list[Panel]:
    """Scenes beside their targets; the types of edits and questions come in turn."""
    rngs = [Random(f"{on.version} {seed} sheet {i}") for i in range(count)]
    sizes = [on.sizes[i % len(on.sizes)] for i in range(count)]
    edits = draw_edits(on, rngs, sizes, [on.changes[i % len(on.changes)] for i in range(count)])
    before, after = pictures([each.before for each in edits]), pictures([each.edit.scene for each in edits])
    panels = []
    for i, (drawn, rng) in enumerate(zip(edits, rngs, strict=True)):
        asked = on.questions(drawn.before, rng)
        shown = [asked[(3 * i + j) % len(asked)] for j in range(3)]
        lines = [((drawn.edit.instruction, ACCENT),), *(spoken(each.text, each.answer) for each in shown)]
        panels.append(Panel(before[i], after[i], lines))
    return panels


def pair_panels(on: World, seed: int) -> list[Panel]:
    """A question about two images of each type."""
    rngs = [Random(f"{on.version} {seed} sheet pair {i}") for i in range(len(on.compares))]
    pairs = draw_pairs(on, rngs, [on.sizes[0]] * len(rngs), on.compares)
    drawn = pictures([scene for pair in pairs for scene in pair.scenes])
    sides = zip(drawn[::2], drawn[1::2], pairs, strict=True)
    return [Panel(left, right, [spoken(pair.text, pair.answer)]) for left, right, pair in sides]


def spoken(text: str, answer: str) -> Line:
    """A question and its answer."""
    return (text, INK), ("  " + answer, LEAF)


def lay_out(panels: Sequence[Panel], title: str) -> Image.Image:
    """The panels in rows of four under a title."""
    rows = -(-len(panels) // COLUMNS)
    step = (PANEL[0] + MARGIN, PANEL[1] + 12)
    height = HEAD + (rows - 1) * step[1] + SIDE + (len(panels[-1].lines) + 1) * LINE + GAP
    sheet = Image.new("RGB", (MARGIN + COLUMNS * step[0], height), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, 12), title, INK, ImageFont.load_default(size=19))
    for i, panel in enumerate(panels):
        place(sheet, pen, panel, MARGIN + i % COLUMNS * step[0], HEAD + i // COLUMNS * step[1])
    return sheet


def place(sheet: Image.Image, pen: ImageDraw.ImageDraw, panel: Panel, x: int, y: int) -> None:
    """Draws one panel with its upper left corner at (x, y) px."""
    for i, picture in enumerate((panel.left, panel.right)):
        small = fitted(picture)
        left = x + i * (SIDE + GAP) + (SIDE - small.width) // 2
        sheet.paste(small, (left, y + (SIDE - small.height) // 2))
    font = ImageFont.load_default(size=13)
    for i, line in enumerate(panel.lines):
        at = float(x)
        for text, colour in line:
            pen.text((at, y + SIDE + 6 + i * LINE), text, colour, font)
            at += font.getlength(text)


def fitted(picture: Image.Image) -> Image.Image:
    """The picture, scaled so that its longer side fills a panel."""
    scale = SIDE / max(picture.size)
    width, height = (round(side * scale) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)

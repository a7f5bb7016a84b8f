from itertools import combinations

from g2tr.scenes.font import CHARACTERS, GLYPHS, HEIGHT, WIDTH, bits


def test_every_character_is_five_by_seven() -> None:
    assert "".join(GLYPHS) == CHARACTERS
    assert all([len(row) for row in glyph.split()] == [WIDTH] * HEIGHT for glyph in GLYPHS.values())


def test_no_two_characters_look_alike() -> None:
    flat = [[dot for row in glyph for dot in row] for glyph in bits()]
    assert min(sum(a != b for a, b in zip(one, other, strict=True)) for one, other in combinations(flat, 2)) >= 2

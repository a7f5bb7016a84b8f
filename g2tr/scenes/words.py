"""The words of the worlds: everything that can be named, and the vocabulary of each version."""

from g2tr.errors import InputError

RGB = tuple[int, int, int]

SHAPES = ("circle", "square", "triangle", "star", "cross", "ring", "moon", "diamond")
SIGN = "sign"
COLOURS: dict[str, RGB] = {
    "red": (220, 40, 40),
    "green": (40, 170, 60),
    "blue": (40, 80, 220),
    "yellow": (240, 220, 50),
    "purple": (140, 50, 180),
    "orange": (245, 140, 30),
    "cyan": (60, 210, 220),
    "pink": (250, 150, 190),
}
DARK = frozenset({"red", "green", "blue", "purple"})
BACKGROUNDS: dict[str, RGB] = {
    "gray": (150, 150, 150),
    "beige": (225, 210, 175),
    "navy": (35, 40, 90),
    "teal": (30, 110, 110),
    "maroon": (100, 30, 45),
    "olive": (110, 115, 40),
}
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CONSONANTS = tuple("bcdfghjklmnpqrstvwxz")
SIGNS = (
    *("ant", "bag", "box", "bus", "cat", "cup", "dog", "egg", "fox", "hat", "ice", "jam"),
    *("key", "leg", "map", "net", "owl", "pen", "rug", "sun", "tea", "van", "wax", "zip"),
)

GRAMMAR_V1 = (
    *("is", "there", "a", "what", "color", "shape", "the", "?", "at", "row"),
    *("column", "how", "many", "are", "objects", "digit", "on", "left", "right", "above"),
    *("below", "of", "large", "small", "background", "describe", "make", "remove", "add", "move"),
    *("to", "turn", "into", "change", "yes", "no", "nothing"),
)
GRAMMAR_V2 = (
    *("sign", "word", "code", "and", "all", "everything", "object", "with", "largest"),
    *("swap", "closest", "more", "than", "in", "image", "images", "same", "which"),
    *("has", "first", "second", "both", "neither", "missing"),
)


def vocabulary(version: str) -> tuple[str, ...]:
    """Every word that a version's texts can hold, v1's words first and in v1's order.

    Raises `InputError` for a version that does not exist.
    """
    first = (*GRAMMAR_V1, *SHAPES, *COLOURS, *BACKGROUNDS, *NUMBERS)
    match version:
        case "v1":
            return first
        case "v2":
            return tuple(dict.fromkeys((*first, *GRAMMAR_V2, *CONSONANTS, *SIGNS)))
    raise InputError(f"unknown scenes version {version!r}; there are v1 and v2")


def spell(label: str) -> str:
    """A label as it is said: a digit as a number word, a sign's word whole, a sign's code letter by letter."""
    if label in SIGNS:
        return label
    return NUMBERS[int(label)] if label.isdigit() else " ".join(label)

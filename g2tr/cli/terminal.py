"""Streams that cannot show every character show a plain one in its place, so that no table is lost."""

import codecs
import sys
import unicodedata

PLAIN = {"×": "x", "–": "-", "—": "-", "−": "-", "→": "->", "…": "...", "✓": "+", "✗": "x", "·": "."}
NAME = "g2tr.plain"


def plain_streams() -> None:
    """Makes standard output and standard error replace what their encoding lacks."""
    codecs.register_error(NAME, plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=NAME)


def plain(error: UnicodeError) -> tuple[str, int]:
    """The handler: what is close to the characters in ASCII, else a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(map(plain_character, text)), error.end


def plain_character(character: str) -> str:
    """A character in ASCII: its own stand-in, its letter without accents, or a question mark."""
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return PLAIN.get(character) or letters or "?"

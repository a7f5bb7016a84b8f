import os
import subprocess
import sys

import pytest

from g2tr.cli.terminal import plain_character


@pytest.mark.parametrize(("character", "stand_in"), [("×", "x"), ("–", "-"), ("²", "2"), ("é", "e"), ("漢", "?")])
def test_every_character_has_a_plain_one(character: str, stand_in: str) -> None:
    assert plain_character(character) == stand_in


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
def test_no_terminal_loses_what_is_printed(encoding: str) -> None:
    code = "from g2tr.cli.terminal import plain_streams as p; p(); from rich.console import Console; "
    code += "print('G²TR × 0.5 – 漢'); Console(soft_wrap=True).print('latent × balanced…', '\\ud800')"
    settings = {**os.environ, "PYTHONIOENCODING": encoding}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, env=settings)
    assert ended.returncode == 0, ended.stderr
    said = ended.stdout.decode(encoding)
    assert "TR" in said and "balanced" in said
    assert "G²TR × 0.5 – 漢" in said if encoding == "utf-8" else "0.5 - ?" in said

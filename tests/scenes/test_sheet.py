from pathlib import Path

import pytest
from PIL import Image

from g2tr.scenes.sheet import draw_sheet


@pytest.mark.parametrize(("version", "rows"), [("v1", 1), ("v2", 2)])
def test_a_sheet_shows_scenes_and_pairs(version: str, rows: int, tmp_path: Path) -> None:
    draw_sheet(version, tmp_path / "sheet.png", seed=3, scenes=4)
    sheet = Image.open(tmp_path / "sheet.png")
    assert sheet.width > 1400 and 200 * rows < sheet.height < 350 * rows
    assert len(sheet.getcolors(2**24) or []) > 500

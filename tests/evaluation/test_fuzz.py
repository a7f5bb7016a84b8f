"""Bad data, bad images, bad settings: a counted failure or one clear line, no traceback, no lost line."""

import io
import json
import os
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from omegaconf import DictConfig
from PIL import Image

from g2tr.__main__ import explain
from g2tr.assets import ASSETS
from g2tr.evaluation.evaluate import evaluate
from g2tr.evaluation.record import read_records

Compose = Callable[..., DictConfig]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(pq.read_table(ASSETS / "scenes/understanding.parquet").slice(0, 3).to_pylist())


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 30), form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + end


def garbled(content: bytes, seed: int) -> bytes:
    dice, spoiled = random.Random(seed), bytearray(content)
    for _ in range(20):
        spoiled[dice.randrange(8, len(spoiled))] = dice.randrange(256)
    return bytes(spoiled)


IMAGES: dict[str, bytes] = {
    "nothing": b"",
    "text": b"this is no image",
    "zeros": bytes(1000),
    "cut png": picture()[:60],
    "cut jpeg": picture(form="JPEG")[:200],
    "half a jpeg": picture("L", (300, 300), "JPEG")[:-400],
    "png of no width": bomb(0, 10),
    "bomb": bomb(60_000, 60_000),
    "tall bomb": bomb(1, 2_000_000_000),
    "png header alone": picture()[:8],
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
    "avif": b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf" + bytes(60),
    "dds": b"DDS " + bytes(124),
    "blp": b"BLP2" + bytes(200),
    "garbled png": garbled(picture(), 1),
    "garbled jpeg": garbled(picture(form="JPEG"), 2),
    "garbled webp": garbled(picture(form="WEBP"), 3),
    "one pixel": picture(size=(1, 1)),
    "a line": picture(size=(4000, 1)),
    "palette": picture("P"),
    "bilevel": picture("1"),
    "sixteen bits": picture("I;16"),
    "cmyk": picture("CMYK", form="JPEG"),
    "floating": picture("F", form="TIFF"),
    "transparent": picture("RGBA"),
    "animated": picture("RGB", form="GIF", save_all=True, append_images=[Image.new("RGB", (40, 30), "red")]),
}


def write(rows: list[Row], folder: Path) -> None:
    pq.write_table(pa.Table.from_pylist(rows), folder / "understanding.parquet")


def with_cell(column: str, value: Any) -> Callable[[list[Row], Path], None]:
    return lambda rows, folder: write([{**rows[0], column: value}, *rows[1:]], folder)


def without(column: str) -> Callable[[list[Row], Path], None]:
    return lambda rows, folder: write([{k: v for k, v in row.items() if k != column} for row in rows], folder)


def with_bytes(content: bytes) -> Callable[[list[Row], Path], None]:
    def spoil(rows: list[Row], folder: Path) -> None:
        (folder / "understanding.parquet").write_bytes(content)

    return spoil


def with_length(share: float) -> Callable[[list[Row], Path], None]:
    def spoil(rows: list[Row], folder: Path) -> None:
        write(rows, folder)
        file = folder / "understanding.parquet"
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])

    return spoil


DATA: dict[str, Callable[[list[Row], Path], None]] = {
    "no file": lambda rows, folder: None,
    "empty file": with_bytes(b""),
    "text": with_bytes(b"id,question\n1,2\n"),
    "half a file": with_length(0.5),
    "all but its end": with_length(0.99),
    "no rows": lambda rows, folder: pq.write_table(
        pq.read_table(ASSETS / "scenes/understanding.parquet").slice(0, 0), folder / "understanding.parquet"
    ),
    "no question column": without("question"),
    "no image column": without("image"),
    "no id column": without("id"),
    "no question": with_cell("question", None),
    "empty question": with_cell("question", ""),
    "no answer": with_cell("answer", None),
    "no category": with_cell("category", None),
    "no id": with_cell("id", None),
    "no image": with_cell("image", None),
    "image without content": with_cell("image", {"bytes": None, "path": None}),
    "image beyond the folder": with_cell("image", {"bytes": None, "path": "../../../etc/passwd"}),
    "image that is not there": with_cell("image", {"bytes": None, "path": "gone.png"}),
    "image that is a folder": with_cell("image", {"bytes": None, "path": "."}),
    "two rows of one id": lambda rows, folder: write([rows[0], {**rows[1], "id": rows[0]["id"]}, rows[2]], folder),
    "an id with slashes": with_cell("id", "../../x"),
    "a very long question": with_cell("question", "what color is the star ? " * 400),
    "words that nobody knows": with_cell("question", "\x00 \u202e 🦄 <|im_end|>"),
}
SETTINGS = [
    "keep_ratio=0",
    "keep_ratio=-1",
    "keep_ratio=2",
    "keep_ratio=nan",
    "keep_ratio=half",
    "keep_ratio=null",
    "limit=0",
    "limit=-3",
    "limit=1.5",
    "limit=many",
    "questions_per_batch=0",
    "questions_per_batch=some",
    "seed=x",
    "seed=0.5",
    "shard=0/2",
    "shard=x",
    "shard=3/2",
    "reducer.min_keep=0",
    "reducer.min_keep=a",
    "reducer.anchors.pool=0",
    "reducer.anchors.pool=big",
    "reducer.importance=null",
    "reducer.size_alpha=x",
    "model.checkpoint=/nowhere",
    "model.checkpoint=conf",
    "model.dtype=float8",
    "model.preprocess=mine",
    "model.attention_backend=magic",
    "model.sampling.num_timesteps=0",
    "trainer.accelerator=abacus",
    "trainer.devices=-7",
    "benchmark.scenes_questions.path=/nowhere",
    "benchmark.scenes_questions.max_tokens=x",
]


def outcome(cfg: DictConfig) -> str | None:
    """What the user is told, or None where the run came to its end with a line for every sample."""
    try:
        run = evaluate(cfg)[-1]
    except Exception as error:
        return explain(error)
    records = read_records(run.folder.path / "predictions.jsonl")
    result = run.metrics["benchmarks"]["scenes_questions"]
    assert len(records) == 3
    assert result["failed"] == sum(record.error is not None for record in records)
    return None


def assert_clear(said: str | None) -> None:
    if said is not None:
        assert "\n" not in said and 10 < len(said) < 400
        assert not said.startswith("unexpected"), said


@pytest.mark.parametrize("name", IMAGES)
def test_a_bad_image_is_a_counted_failure(name: str, rows: list[Row], compose: Compose, tmp_path: Path) -> None:
    write([{**rows[0], "image": {"bytes": IMAGES[name], "path": "x.png"}}, *rows[1:]], tmp_path)
    choice = ("benchmark=scenes_questions", f"benchmark.scenes_questions.path={tmp_path}", "reducer=none")
    assert outcome(compose(*choice, f"outputs={tmp_path / 'out'}")) is None


@pytest.mark.parametrize("name", DATA)
@pytest.mark.filterwarnings("ignore:.* is read as a control token")
def test_bad_data_is_a_counted_failure_or_one_clear_line(
    name: str, rows: list[Row], compose: Compose, tmp_path: Path
) -> None:
    DATA[name](rows, tmp_path)
    choice = ("benchmark=scenes_questions", f"benchmark.scenes_questions.path={tmp_path}", "reducer=none")
    assert_clear(outcome(compose(*choice, f"outputs={tmp_path / 'out'}")))


JUDGE = """
import json, sys
from g2tr.__main__ import explain
from g2tr.config import conf_dir
from g2tr.evaluation.evaluate import evaluate
from hydra import compose, initialize_config_dir

def said(setting):
    try:
        with initialize_config_dir(str(conf_dir()), version_base="1.3"):
            cfg = compose("evaluate", ["benchmark=scenes_questions", "limit=3", setting, f"outputs={sys.argv[1]}"])
        evaluate(cfg)
    except Exception as error:
        return explain(error)

print(json.dumps({setting: said(setting) for setting in sys.argv[2:]}))
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """What a user is told about each setting, without the checks of shapes that tests switch on."""
    command = [sys.executable, "-c", JUDGE, str(tmp_path_factory.mktemp("out")), *SETTINGS]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    verdicts: dict[str, str | None] = json.loads(done.stdout.splitlines()[-1])
    return verdicts


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_bad_setting_is_one_clear_line(setting: str, verdicts: dict[str, str | None]) -> None:
    said = verdicts[setting]
    assert said is not None, "it was accepted"
    assert_clear(said)
    assert setting.split("=")[0].split(".")[-1] in said or setting.split("=")[1] in said, said

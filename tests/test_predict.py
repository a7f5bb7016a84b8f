"""The claim that two processes predict what one predicts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def predictions(tmp_path: Path, trainer: str) -> list[dict[str, Any]]:
    """What `g2tr` with this trainer leaves, without times."""
    choice = ["limit=3", "benchmark.scenes_edits.limit=2", "model.sampling.num_timesteps=3", f"outputs={tmp_path}"]
    command = [sys.executable, "-m", "g2tr", f"trainer={trainer}", "trainer.accelerator=cpu", *choice]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    lines = next(tmp_path.glob("*-g2tr-*/predictions.jsonl")).read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]


def test_two_processes_predict_what_one_predicts(tmp_path: Path) -> None:
    assert predictions(tmp_path / "ddp", "ddp") == predictions(tmp_path / "cpu", "cpu")

"""Claims about several processes: whoever predicts, and whoever is killed, the same bytes are left."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest
import torch

SMALL = ("limit=6", "benchmark.scenes_edits.limit=2", "model.sampling.num_timesteps=3")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def g2tr(*arguments: str, prefix: tuple[str, ...] = (sys.executable,)) -> subprocess.Popen[str]:
    command = [*prefix, "-m", "g2tr", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)


def done(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def predictions(outputs: Path) -> bytes:
    return next(outputs.glob("*-g2tr-*/predictions.jsonl")).read_bytes()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What one process predicts."""
    outputs = tmp_path_factory.mktemp("alone")
    done(g2tr(*SMALL, f"outputs={outputs}"))
    return predictions(outputs)


def test_two_processes_predict_what_one_predicts(alone: bytes, tmp_path: Path) -> None:
    done(g2tr(*SMALL, f"outputs={tmp_path}", "trainer=ddp", "trainer.accelerator=cpu"))
    assert predictions(tmp_path) == alone


@pytest.mark.cuda
def test_a_gpu_takes_a_first_look_and_one_process_of_ddp_predicts_the_same(
    device: torch.device, tmp_path: Path
) -> None:
    if device.type != "cuda":
        pytest.skip("needs --device cuda")
    small = ("limit=24", "benchmark.scenes_edits.limit=3", "model.sampling.num_timesteps=5")
    sweep = g2tr("-m", *small, "reducer=none,random,g2tr", "trainer=gpu", f"outputs={tmp_path / 'sweep'}")
    ddp = g2tr(*small, "trainer=ddp", "trainer.devices=1", "trainer.accelerator=gpu", f"outputs={tmp_path / 'ddp'}")
    assert all(name in done(sweep) for name in ("none", "random", "g2tr"))
    done(ddp)
    alone, spread = (
        {record["id"]: record for record in map(json.loads, predictions(tmp_path / place).splitlines())}
        for place in ("sweep", "ddp")
    )
    assert len(alone) > 24 and not any(record["error"] for record in alone.values())
    assert {id: record["prediction"] for id, record in spread.items()} == {
        id: record["prediction"] for id, record in alone.items()
    }


def test_more_processes_than_samples_leave_one_line_each_under_torchrun(alone: bytes, tmp_path: Path) -> None:
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    only = ("benchmark=[scenes_questions]", "limit=1", "trainer=ddp", "trainer.accelerator=cpu")
    done(g2tr(*only, f"outputs={tmp_path}", prefix=torchrun))
    answers = [
        [json.loads(line)["prediction"] for line in lines.splitlines()] for lines in (predictions(tmp_path), alone)
    ]
    assert answers[0] == answers[1][:1]


def test_three_shards_in_two_places_merge_to_what_one_process_predicts(alone: bytes, tmp_path: Path) -> None:
    places = (tmp_path / "a", tmp_path / "b", tmp_path / "a")
    shards = [g2tr(*SMALL, f"shard={i}/3", f"outputs={place}") for i, place in enumerate(places, start=1)]
    killed = shards.pop()
    wait_for(lambda: any((tmp_path / "a").glob("*/predictions.3of3.rank0.jsonl")) or killed.poll() is not None)
    killed.kill()
    killed.communicate()
    assert all("g2tr merge" in said for said in map(done, shards))
    merged = f"outputs={tmp_path / 'all'}"
    early = g2tr("merge", str(tmp_path / "a"), str(tmp_path / "b"), merged)
    _, error = early.communicate(timeout=300)
    assert early.returncode == 1 and "samples are missing" in error and "Traceback" not in error
    done(g2tr(*SMALL, "shard=3/3", f"outputs={places[2]}"))
    assert "random" not in done(g2tr("merge", str(tmp_path / "a"), str(tmp_path / "b"), merged))
    assert predictions(tmp_path / "all") == alone


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_sweep_after_the_sample_in_hand_and_it_goes_on_from_there(
    number: signal.Signals, alone: bytes, tmp_path: Path
) -> None:
    sweep = ("-m", *SMALL, "reducer=g2tr,random", f"outputs={tmp_path}")
    process = g2tr(*sweep)
    wait_for(lambda: any(tmp_path.glob("*/predictions.rank0.jsonl")) or process.poll() is not None)
    process.send_signal(number)
    _, error = process.communicate(timeout=300)
    assert process.returncode == 128 + number
    assert re.search(r"^g2tr: stopped after \d+ of \d+ samples .*the same command goes on", error, re.MULTILINE)
    assert "Traceback" not in error
    assert not any(tmp_path.glob("*-random-*/metrics.json"))
    done(g2tr(*sweep))
    assert predictions(tmp_path) == alone


def test_jobs_in_processes_of_their_own_predict_what_one_process_predicts(alone: bytes, tmp_path: Path) -> None:
    out = done(g2tr("-m", "launcher=local", *SMALL, "reducer=g2tr,none", f"outputs={tmp_path}"))
    assert predictions(tmp_path) == alone
    assert f"g2tr report {tmp_path}" in out


def wait_for(condition: object, seconds: float = 120) -> None:
    end = monotonic() + seconds
    while callable(condition) and not condition() and monotonic() < end:
        sleep(0.05)

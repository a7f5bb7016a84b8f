"""Judges the edits of a run folder and stores what comes of it beside the predictions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from g2tr.benchmarks.judge_questions import JudgedBenchmark
from g2tr.benchmarks.sample import Benchmark
from g2tr.config import build, fingerprint
from g2tr.errors import InputError
from g2tr.evaluation.run_folder import RunFolder
from g2tr.files import write_atomically, write_json
from g2tr.judges.cache import Cached
from g2tr.judges.judge_runs import JudgeRunner, JudgeScore
from g2tr.judges.prompts import Prompts


def runner_of(judge: DictConfig, cache: str, prompts: str | None, workers: int, progress: bool = True) -> JudgeRunner:
    """The judge of a configuration node, with a memory in the folder `cache`."""
    if type(workers) is not int or workers < 1:
        raise InputError(f"judging.workers must be a whole number of at least 1, got {workers!r}")
    return JudgeRunner(Cached(build(judge), Path(cache)), Prompts.of(prompts), workers, progress)


def judge_folder(folder: RunFolder, benchmarks: Mapping[str, Benchmark], runner: JudgeRunner) -> dict[str, Any]:
    """Judges what has a judge's rule; writes `judged/ID.jsonl` (judgements) and `judged/ID.json` (scores).

    The ID stands for the judge and its prompts, so that several judges may see one run. Replies are remembered:
    an interrupted judging goes on where it was, and a finished one costs nothing.
    """
    known = {name: each for name, each in benchmarks.items() if isinstance(each, JudgedBenchmark)}
    if not known:
        raise InputError(f"{folder.path}: none of {', '.join(benchmarks)} is scored by a judge")
    records = list(folder.records().values())
    judgements: list[JudgeScore] = []
    scores: dict[str, Any] = {}
    for name, benchmark in known.items():
        rows, scores[name] = runner.judge_run(folder, name, records, benchmark)
        judgements += rows
    return store(folder, runner, judgements, scores)


def judged_at(folder: RunFolder, runner: JudgeRunner) -> Path:
    """Where the judgements of a folder by this judge, with these prompts, lie; without an ending."""
    identity = {"judge": dict(runner.judge.identity), "prompts": dict(runner.prompts.texts)}
    return folder.path / "judged" / fingerprint(identity)


def store(
    folder: RunFolder, runner: JudgeRunner, judgements: list[JudgeScore], scores: dict[str, Any]
) -> dict[str, Any]:
    """Writes the judgements and then the scores; returns what the latter file holds."""
    place = judged_at(folder, runner)
    place.parent.mkdir(exist_ok=True)
    lines = (json.dumps(asdict(judgement), ensure_ascii=False) + "\n" for judgement in judgements)
    write_atomically(place.with_suffix(".jsonl"), "".join(lines))
    content = {"judge": dict(runner.judge.identity), "benchmarks": scores}
    write_json(place.with_suffix(".json"), content)
    return content


def require_any(verdicts: Sequence[Mapping[str, Any]], folders: Sequence[RunFolder], runner: JudgeRunner) -> None:
    """Raises `InputError` where edits were shown to the judge and not one of them has a score."""
    results = [result for verdict in verdicts for result in verdict["benchmarks"].values()]
    if any(result["n"] for result in results) or not any(result["unjudged"] for result in results):
        return
    texts = [judged_at(folder, runner).with_suffix(".jsonl").read_text(encoding="utf-8") for folder in folders]
    lines = (line for text in texts for line in text.split("\n") if line)
    reason = next((found for line in lines if (found := json.loads(line)["reason"])), "no reason was given")
    raise InputError(f"no edit could be judged; the first failed with: {reason}")

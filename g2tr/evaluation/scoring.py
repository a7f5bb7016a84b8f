"""From predictions to metrics: grades of every sample, scores of every benchmark, tokens, cost and time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.errors import InputError
from g2tr.evaluation.record import Record
from g2tr.evaluation.run_folder import RunFolder
from g2tr.metrics.cost import summarise_costs, summarise_tokens
from g2tr.metrics.editing import agreement

Scores = dict[str, float]
PHASES = ("encode", "anchors", "reduce", "prefill", "decode", "denoise")


def grade_record(
    record: Record, sample: Sample, benchmark: Benchmark, folder: RunFolder, reference: RunFolder | None
) -> Record:
    """The record with its grades; a sample that failed is wrong, and one with an unreadable target has none."""
    if record.prediction is None:
        return replace(record, score=failure_grades(benchmark, sample)) if record.error else record
    if benchmark.task == "answer":
        return replace(record, score=benchmark.grade(sample, record.prediction))
    image = folder.load_image(record.prediction)
    try:
        grades = dict(benchmark.grade(sample, image))
    except InputError as error:
        return replace(record, error=str(error))
    if reference is not None and (reference.path / record.prediction).is_file():
        grades |= agreement(image, reference.load_image(record.prediction))
    return replace(record, score=grades)


def failure_grades(benchmark: Benchmark, sample: Sample) -> Mapping[str, float]:
    """Wrong in every score, as an empty answer is; an edit that was not made did not succeed and has no distances."""
    if benchmark.task == "answer":
        grades = benchmark.grade(sample, "")
        return {name: 0.0 if name == "empty" else value for name, value in grades.items()}
    return {"success": 0.0} if "success" in benchmark.headline else {}


def score_benchmark(benchmark: Benchmark, samples: Sequence[Sample], records: Sequence[Record]) -> dict[str, Any]:
    """Scores, tokens, cost and seconds per sample of all `n` samples, of which `failed` had an error."""
    pairs = list(zip(samples, records, strict=True))
    graded = [(sample, record.score) for sample, record in pairs if record.score]
    scores = benchmark.summarise(graded) if graded else {}
    for name in ("agreement_psnr", "agreement_ssim"):
        values = [record.score[name] for record in records if name in record.score]
        made = sum(record.prediction is not None for record in records)
        scores |= {name: sum(values) / len(values)} if values and len(values) == made else {}
    failed = sum(record.error is not None for record in records)
    seconds = {phase: spent / len(records) for phase, spent in total_seconds(records).items()}
    return {"n": len(records), "scores": scores, "failed": failed} | account(records) | {"seconds": seconds}


def account(records: Sequence[Record]) -> dict[str, Any]:
    """Tokens and cost of the samples that were predicted."""
    done = [record for record in records if record.cost]
    if not done:
        return {}
    tokens = summarise_tokens([record.visual_tokens for record in done])
    return {"tokens": tokens, "cost": summarise_costs([record.cost for record in done])}


def relative(scores: Mapping[str, float], reference: Mapping[str, float]) -> Scores:
    """Each score as a share of the unreduced model's, where that is not 0."""
    return {name: value / reference[name] for name, value in scores.items() if reference.get(name)}


def shared_relative(
    benchmark: Benchmark,
    samples: Sequence[Sample],
    records: Sequence[Record],
    theirs: Mapping[tuple[str, str], Record],
) -> Scores:
    """Scores as shares of the unreduced model's, over the samples that it has answered and both runs have graded."""
    both = [
        (sample, record.score, theirs[record.key].score)
        for sample, record in zip(samples, records, strict=True)
        if record.score and theirs[record.key].score and theirs[record.key].prediction is not None
    ]
    if not both:
        return {}
    own = benchmark.summarise([(sample, grades) for sample, grades, _ in both])
    return relative(own, benchmark.summarise([(sample, grades) for sample, _, grades in both]))


def total_seconds(records: Sequence[Record]) -> dict[str, float]:
    """Seconds of all samples, phase by phase."""
    spent = {phase: sum(record.seconds.get(phase, 0.0) for record in records) for phase in PHASES}
    return {phase: seconds for phase, seconds in spent.items() if seconds}


def score_run(
    folder: RunFolder,
    records: Mapping[tuple[str, str], Record],
    benchmarks: Mapping[str, Benchmark],
    samples: Mapping[str, Sequence[Sample]],
    reference: RunFolder | None,
) -> tuple[list[Record], dict[str, Any]]:
    """All records in the order of the benchmarks, graded, and the measured part of `metrics.json`."""
    everything: list[Record] = []
    scored: dict[str, Any] = {}
    theirs = reference.records() if reference is not None else {}
    for name, benchmark in benchmarks.items():
        graded = [
            grade_record(records[name, sample.id], sample, benchmark, folder, reference) for sample in samples[name]
        ]
        scored[name] = score_benchmark(benchmark, samples[name], graded)
        if reference is not None:
            scored[name]["relative"] = shared_relative(benchmark, samples[name], graded, theirs)
        everything += graded
    return everything, {"benchmarks": scored} | account(everything) | {"seconds": total_seconds(everything)}

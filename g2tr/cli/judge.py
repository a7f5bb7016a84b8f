"""`g2tr score` for edits: a judge's scores of saved images, or the images where a benchmark's scripts expect them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich.console import Console

from g2tr.benchmarks.sample import Benchmark
from g2tr.cli.score import benchmark_of
from g2tr.config import plain
from g2tr.errors import InputError
from g2tr.evaluation.export import Exported, export_layout
from g2tr.evaluation.saved_predictions import SavedPredictions, find_predictions
from g2tr.evaluation.scoring import relative
from g2tr.files import plain_name
from g2tr.judges.judged_folder import judge_folder, require_any, runner_of
from g2tr.report.tables.table import Row, markdown, score_cell

Verdicts = Mapping[str, Any]


def judge(cfg: DictConfig) -> Sequence[Verdicts]:
    """Has the edits in `cfg.paths` judged, stores what comes of it beside them and prints it."""
    runner = runner_of(cfg.judge, **plain(cfg.judging))
    found = runs(cfg)
    verdicts = [judge_folder(saved.folder, benchmarks_of(saved), runner) for saved in found]
    names = dict.fromkeys(name for verdict in verdicts for name in verdict["benchmarks"])
    pairs = list(zip(found, verdicts, strict=True))
    texts = [f"{name}\n\n{markdown(rows(pairs, name))}" for name in names]
    require_any(verdicts, [saved.folder for saved in found], runner)
    Console(soft_wrap=True, highlight=False, markup=False).print("\n\n".join(texts))
    return verdicts


def export(cfg: DictConfig) -> list[Path]:
    """Writes the edits in `cfg.paths` to `cfg.export` as each benchmark's own scripts expect them."""
    out, written = Path(cfg.export), []
    for saved in runs(cfg):
        for name, benchmark in benchmarks_of(saved).items():
            if isinstance(benchmark, Exported):
                written += export_layout(saved.folder, name, benchmark, out / plain_name(f"{saved.label}-{name}"))
    if not written:
        raise InputError(f"nothing to export: no edits of a benchmark with a layout of its own in {list(cfg.paths)}")
    print(f"Wrote {len(written)} images to {out}")
    return written


def runs(cfg: DictConfig) -> list[SavedPredictions]:
    """The saved predictions in `cfg.paths`. Raises `InputError` where none are named."""
    if not cfg.paths:
        raise InputError("name run folders, as in g2tr score outputs judge=openai")
    return [saved for path in cfg.paths for saved in find_predictions(Path(path), plain(cfg).get("benchmark") or {})]


def benchmarks_of(saved: SavedPredictions) -> dict[str, Benchmark]:
    """The benchmarks of a run."""
    return {name: benchmark_of(name, node, None) for name, node in saved.benchmarks.items()}


def rows(pairs: Sequence[tuple[SavedPredictions, Verdicts]], name: str) -> list[Row]:
    """One line for each run of a benchmark; scores in brackets as a share of the unreduced run's."""
    known = [(saved, verdict) for saved, verdict in pairs if name in verdict["benchmarks"]]
    full: Mapping[str, float] = next(
        (verdict["benchmarks"][name]["scores"] for saved, verdict in known if is_unreduced(saved)), {}
    )
    return [
        row(saved, verdict["judge"], verdict["benchmarks"][name], {} if is_unreduced(saved) else full)
        for saved, verdict in known
    ]


def is_unreduced(saved: SavedPredictions) -> bool:
    """Whether a run kept all tokens."""
    metrics = saved.folder.metrics() or {}
    return bool(metrics.get("reducer", {}).get("keep_ratio") == 1)


def row(saved: SavedPredictions, judge: Mapping[str, Any], result: Mapping[str, Any], full: Mapping[str, float]) -> Row:
    """Who judged a run, its scores, and what could not be judged."""
    cells = {"run": saved.label, "judge": str(judge.get("model", ""))}
    shares = relative(result["scores"], full)
    cells |= {score: score_cell(score, value, shares) for score, value in result["scores"].items()}
    counts = {key: result[key] for key in ("n", "unjudged", "unpredicted")} | dict(result["inquiries"])
    return cells | {key: str(count) for key, count in counts.items()}

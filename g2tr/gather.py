"""`g2tr merge`: what shards have predicted, perhaps on several machines, becomes complete runs."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.config import build, plain
from g2tr.errors import InputError
from g2tr.evaluate import Run, conclude
from g2tr.report.table import print_comparison
from g2tr.run import RunFolder

Config = dict[str, Any]


def merge(cfg: DictConfig) -> list[Run]:
    """Completes every run below `cfg.paths`, references first, in `cfg.outputs`; prints them side by side.

    Raises `InputError` where there is no run, and where samples are missing: it says how many, and of which run.
    """
    configs = dict(collected([Path(path) for path in cfg.paths], Path(cfg.outputs)))
    if not configs:
        raise InputError(f"no run folders below {', '.join(map(str, cfg.paths))}")
    runs: list[Run] = []
    for folder, config in sorted(configs.items(), key=lambda item: item[1]["reducer"]["keep_ratio"] != 1):
        known = folder.metrics()
        runs.append(Run(folder, known) if known else completed(folder, config, reference_of(config, runs)))
    print_comparison(runs)
    return runs


def collected(paths: Sequence[Path], outputs: Path) -> Iterator[tuple[RunFolder, Config]]:
    """All runs below the paths, their parts gathered in one folder each, with their configurations."""
    for file in sorted({found for path in paths for found in path.rglob("config.yaml")}):
        source, target = file.parent, outputs / file.parent.name
        if source.resolve() != target.resolve():
            shutil.copytree(source, target, dirs_exist_ok=True)
        config = OmegaConf.load(target / file.name)
        if isinstance(config, DictConfig) and "benchmark" in config and "reducer" in config:
            yield RunFolder(target), plain(config)


def reference_of(config: Config, runs: Sequence[Run]) -> Run | None:
    """The unreduced run of the same model on the same benchmarks."""
    alike = [run for run in runs if all(run.metrics[key] == config[key] for key in ("model", "benchmark", "seed"))]
    return next((run for run in alike if run.metrics["reducer"]["keep_ratio"] == 1), None)


def completed(folder: RunFolder, config: Config, reference: Run | None) -> Run:
    """The run, scored."""
    benchmarks: Mapping[str, Benchmark] = {name: build(node) for name, node in config["benchmark"].items()}
    samples = {name: benchmark.samples() for name, benchmark in benchmarks.items()}
    require_all(folder, samples)
    return conclude(folder, config, benchmarks, samples, reference)


def require_all(folder: RunFolder, samples: Mapping[str, Sequence[Sample]]) -> None:
    """Raises `InputError` where samples have no record yet."""
    records = folder.records()
    keys = [(name, sample.id) for name, members in samples.items() for sample in members]
    missing = [key for key in keys if key not in records]
    if missing:
        benchmark, first = missing[0]
        raise InputError(
            f"{folder.path}: {len(missing)} of {len(keys)} samples are missing, the first is {first} of {benchmark}; "
            "run the shard that lacks them again, or the same command without shard"
        )

"""`g2tr merge`: what shards have predicted, perhaps on several machines, becomes complete runs."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from g2tr.benchmarks.sample import Sample
from g2tr.config import read_settings
from g2tr.errors import InputError
from g2tr.evaluation.fingerprints import of_samples
from g2tr.evaluation.finish_run import finish_run, require_any, require_same
from g2tr.evaluation.run_folder import Run, RunFolder
from g2tr.evaluation.trusted_config import build_benchmark, require_trusted
from g2tr.files import atomic_write
from g2tr.report.tables.table import print_comparison

Config = dict[str, Any]
PART = "merged"


def merge(cfg: DictConfig) -> list[Run]:
    """Completes every run below `cfg.paths`, references first, in `cfg.outputs`; prints them side by side.

    Raises `InputError` where there is no run, and where samples are missing: it says how many, and of which run.
    """
    found = sorted({file for path in cfg.paths for file in Path(path).rglob("config.yaml")})
    configs = {file.parent: config for file in found if (config := config_of(file))}
    if not configs:
        raise InputError(f"no run folders below {', '.join(map(str, cfg.paths))}")
    runs: dict[str, Run] = {}
    for source in sorted(configs, key=lambda source: configs[source]["reducer"].get("name") != "none"):
        if source.name not in runs:
            places = [place for place in configs if place.name == source.name]
            runs[source.name] = merged(places, Path(cfg.outputs), configs[source], list(runs.values()))
    print_comparison(list(runs.values()))
    return list(runs.values())


def config_of(file: Path) -> Config | None:
    """The configuration of a run; None for a file of something else. Raises `InputError` for one that builds more."""
    settings = read_settings(file)
    parts = ("model", "benchmark", "reducer")
    if not settings or not all(isinstance(settings.get(key), dict) for key in parts):
        return None
    for name, node in settings["benchmark"].items():
        require_trusted(f"{file}: {name}", node)
    return settings


def merged(places: Sequence[Path], outputs: Path, config: Config, others: Sequence[Run]) -> Run:
    """The run whose parts lie in these places, complete, with its scores."""
    folder = RunFolder(outputs / places[0].name)
    with folder.locked(PART, wait=False):
        metrics = folder.metrics()
        if metrics is not None:
            require_same(folder, metrics, config)
            return Run(folder, metrics)
        folder.prepare(config, fresh=False)
        for place in places:
            gather(RunFolder(place), folder)
        return completed(folder, config, reference_of(config, others))


def gather(source: RunFolder, target: RunFolder) -> None:
    """Adds the records and images of a folder that another lacks, or failed on; nothing else is written over."""
    known = target.records()
    new = [
        record
        for key, record in source.records().items()
        if key not in known or (known[key].prediction is None and record.prediction is not None)
    ]
    for record in new:
        place = str(record.prediction)
        if place.startswith("images/") and (file := source.inside(place)).is_file():
            with file.open("rb") as image, atomic_write(target.inside(place)) as copy:
                shutil.copyfileobj(image, copy)
    if new:
        target.append(PART, new)


def reference_of(config: Config, runs: Sequence[Run]) -> Run | None:
    """The unreduced run of the same model on the same benchmarks."""
    alike = [run for run in runs if all(run.metrics[key] == config[key] for key in ("model", "benchmark", "seed"))]
    unreduced = (run for run in alike if run.metrics["reducer"]["name"] == "none")
    return next(unreduced, None) if config["reducer"].get("name") != "none" else None


def completed(folder: RunFolder, config: Config, reference: Run | None) -> Run:
    """The run, scored."""
    benchmarks = {name: build_benchmark(name, node) for name, node in config["benchmark"].items()}
    samples = {name: benchmark.samples() for name, benchmark in benchmarks.items()}
    require_unchanged(config, samples)
    require_all(folder, samples)
    require_any(folder.records(), benchmarks)
    return finish_run(folder, config, benchmarks, samples, reference)


def require_unchanged(config: Config, samples: Mapping[str, Sequence[Sample]]) -> None:
    """Raises `InputError` where the data are not those that were predicted."""
    read = (config.get("read") or {}).get("benchmarks", {})
    for name, members in samples.items():
        if name in read and read[name] != of_samples(members):
            raise InputError(f"the data of {name} have changed since they were predicted; predict them again")


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

"""Settings that lie in a run folder may build g2tr's own benchmarks and their parts, and nothing else."""

from collections.abc import Iterator, Mapping

from hydra.utils import get_class

from g2tr.benchmarks.sample import Benchmark
from g2tr.config import build
from g2tr.errors import InputError

HOMES = ("g2tr.benchmarks.", "g2tr.metrics.")
Settings = Mapping[str, object]


def build_benchmark(name: str, node: Settings) -> Benchmark:
    """The benchmark of a node from a file. Raises `InputError` where it would build anything else."""
    for target in targets(node):
        if not is_trusted(target):
            raise InputError(f"{name}: the settings of a run may not build {target}")
    benchmark = build(node)
    if not isinstance(benchmark, Benchmark):
        raise InputError(f"{name}: {node.get('_target_')} is no benchmark")
    return benchmark


def targets(value: object) -> Iterator[str]:
    """Everything that a node builds."""
    if isinstance(value, Mapping):
        yield from [str(value["_target_"])] if "_target_" in value else []
        value = list(value.values())
    for part in value if isinstance(value, list) else []:
        yield from targets(part)


def is_trusted(target: str) -> bool:
    """Whether a name is that of a class of ours, where it is defined."""
    if not target.startswith(HOMES):
        return False
    try:
        found = get_class(target)
    except (ImportError, ValueError):
        return False
    return f"{found.__module__}.{found.__qualname__}" == target

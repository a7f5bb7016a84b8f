"""Measures the models at their real sizes with random weights, and writes `results.json`; see README.md here.

`python -m experiments.gpu.measure --out FOLDER`, or with `--device cpu --tiny` as a rehearsal.
"""

import argparse
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_dir

from experiments.gpu.bagel import Plans, measure_bagel
from experiments.gpu.clock import Bench
from experiments.gpu.internvl_u import measure_decoder
from experiments.gpu.shapes import REAL, TINY
from experiments.gpu.show import tables
from g2tr.config import build, conf_dir
from g2tr.evaluation.provenance import git_state, versions
from g2tr.reducers.cascade import ReductionPlan

RATIOS = (0.5, 0.25)
# Their selections are sequential and take longer than the prefill: measured last.
SLOW = ("cdpruner", "contrast_diversity", "divprune", "gprune", "latent_reconstruction", "saliency_diversity")


def shipped() -> Iterator[tuple[str, ReductionPlan]]:
    """Every reducer of the configuration at every ratio."""
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        names = sorted(path.stem for path in (conf_dir() / "reducer").glob("*.yaml"))
        for name in sorted(names, key=lambda name: name in SLOW):
            for ratio in RATIOS if name != "none" else ():
                node = compose("evaluate", [f"reducer={name}", f"keep_ratio={ratio}"]).reducer
                yield f"{name}, {ratio:.0%}".replace("%", " %"), build(node)


@torch.inference_mode()
def measure(bench: Bench, tiny: bool, plans: Plans, out: Path) -> dict[str, Any]:
    """Everything that is stored, written whenever there is more."""
    shapes, dtype = TINY if tiny else REAL, torch.bfloat16 if bench.device.type == "cuda" else torch.float32
    facts = {**machine(bench.device), "shapes": "tiny" if tiny else "real", "dtype": str(dtype)}
    bench.store = lambda: write(out / "results.json", {**facts, "rows": bench.plain()})
    bench.try_to("InternVL-U", lambda: measure_decoder(shapes, bench, dtype))
    bench.try_to("BAGEL", lambda: measure_bagel(shapes, plans, bench, dtype))
    return {**facts, "rows": bench.plain()}


def write(path: Path, results: dict[str, Any]) -> None:
    """Stores results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def machine(device: torch.device) -> dict[str, Any]:
    """Where and when it was measured, and by which code."""
    on_gpu = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if on_gpu else "CPU",
        "driver": driver() if on_gpu else None,
        "cuda": torch.version.cuda,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": git_state(),
        "versions": versions(),
    }


def driver() -> str | None:
    """The version of the GPU's driver."""
    ask = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(ask, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def main() -> None:
    """Reads the command line, measures, stores and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder of results.json")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="small shapes")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--budget", type=float, default=120, help="seconds after which nothing new is begun")
    args = parser.parse_args()
    bench = Bench(torch.device(args.device), args.repeats, args.budget)
    print(tables(measure(bench, args.tiny, dict(shipped()), args.out)))


if __name__ == "__main__":
    main()

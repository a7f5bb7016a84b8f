"""What the stages of a reducer cost on random tokens, or on those of a model, beside one matrix product in float32.

The product has the FLOPs of the merge's similarities, 2·(n-k)·k·d, so a ratio says the same on every machine.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import torch
import torch.nn.functional as F
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from rich import box
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from g2tr.config import build
from g2tr.errors import InputError
from g2tr.models.checkpoints.device import read_device, read_dtype
from g2tr.reducers.cascade import Cascade
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.tokens import Anchors, Grid, LatentGrid, VisualTokens

CHANNELS = 64  # 2 x 2 latents of 16 channels
PATCHES_PER_TOKEN = 64 / 70  # along a side: BAGEL's latent patches and ViT tokens of the largest square image
NOISE = (448, 448, 3)
Calls = dict[str, Callable[[], object]]


@dataclass(frozen=True)
class Timing:
    """Median time of one stage for n tokens of which k stay, and its ratio to that of the product."""

    n: int
    k: int
    stage: str
    milliseconds: float
    ratio: float


def profile(cfg: DictConfig) -> list[Timing]:
    """Times every stage of `cfg.reducer` at `cfg.sizes`, or on an image that `cfg.model` sees, and prints the table.

    Raises `InputError` for a reducer that reads what is not there, and where nothing would be reduced.
    """
    reducer, model = build(cfg.reducer), cfg.get("model")
    if isinstance(reducer, Cascade):
        raise InputError(f"{reducer.name} acts inside the language model; profile times reducers after the encoder")
    timings = []
    for tokens in seen_tokens(cfg, reducer) if model else drawn_tokens(cfg, reducer):
        timings += time_stages(reducer, tokens, cfg.repeats)
        features = tokens.features
    console, kind = Console(), str(features.dtype).removeprefix("torch.")
    source = f" of {model.name}" if model else ""
    place = f"{features.device}, torch {torch.__version__}"
    console.print(f"{reducer.name}: {kind} tokens of width {features.shape[1]}{source} on {place}")
    console.print(as_table(timings))
    return timings


def drawn_tokens(cfg: DictConfig, reducer: Reducer) -> Iterator[VisualTokens]:
    """Random tokens and latents at each of `cfg.sizes`."""
    device, dtype = read_device(cfg.device), read_dtype(cfg.dtype)
    check(reducer, cfg)
    for n in cfg.sizes:
        generator = torch.Generator().manual_seed(cfg.seed)
        yield random_tokens(n, cfg.width, dtype, generator, device)


def seen_tokens(cfg: DictConfig, reducer: Reducer) -> Iterator[VisualTokens]:
    """What the model makes of one image of noise, with all that the reducer reads."""
    model = build(cfg.model, device=str(read_device(cfg.device)))
    pixels = torch.randint(256, NOISE, generator=torch.Generator().manual_seed(cfg.seed), dtype=torch.uint8)
    tokens = model.encode(Image.fromarray(pixels.numpy()), reducer.requires)
    if reducer.budget(len(tokens.features)) == len(tokens.features):
        raise InputError(f"{reducer.name} keeps all of {len(tokens.features)} tokens; choose a lower keep_ratio")
    yield tokens


def check(reducer: Reducer, cfg: DictConfig) -> None:
    """Raises `InputError` for what cannot be timed."""
    sizes = list(cfg.sizes) if OmegaConf.is_list(cfg.sizes) else [0]
    if not all(type(number) is int and number >= 1 for number in (cfg.width, cfg.repeats, *sizes)):
        given = f"width={cfg.width} repeats={cfg.repeats} sizes={cfg.sizes}"
        raise InputError(f"width, repeats and the list of sizes must be whole numbers of at least 1, got {given}")
    if unknown := reducer.requires - {LatentGrid}:
        raise InputError(f"{reducer.name} reads {', '.join(kind.__name__ for kind in unknown)}, which needs a model")
    if idle := [n for n in sizes if reducer.budget(n) == n]:
        raise InputError(f"{reducer.name} keeps all of {idle} tokens; choose larger sizes or a lower keep_ratio")


def random_tokens(
    n: int, width: int, dtype: torch.dtype, generator: torch.Generator, device: torch.device
) -> VisualTokens:
    """n tokens of one image, and its latents with a projection into `width`."""
    grid = squarest(n)
    h, w = (max(1, round(side * PATCHES_PER_TOKEN)) for side in grid)
    shapes = ((n, width), (h, w, CHANNELS), (width, CHANNELS))
    features, mean, weight = (torch.randn(shape, generator=generator).to(device) for shape in shapes)
    features, weight = features.to(dtype), weight.to(dtype)
    latent = LatentGrid(mean, torch.ones_like(mean), lambda patches: F.linear(patches.to(weight), weight))
    return VisualTokens(features, grid, (latent,))


def squarest(n: int) -> Grid:
    """The grid of n cells that is closest to a square."""
    height = max(side for side in range(1, math.isqrt(n) + 1) if n % side == 0)
    return height, n // height


def stage_calls(reducer: Reducer, tokens: VisualTokens, k: int) -> Calls:
    """Each stage on what the stages before it gave."""
    anchored = reducer.anchored(tokens)
    scores = reducer.importance(anchored)
    kept, scored = reducer.selection(scores, anchored, k), reducer.scored(anchored, scores)
    anchors: Calls = {"anchors": lambda: reducer.anchored(tokens)} if Anchors in reducer.stage_requires else {}
    return anchors | {
        "importance": lambda: reducer.importance(anchored),
        "selection": lambda: reducer.selection(scores, anchored, k),
        "merge": lambda: reducer.merge(scored, kept),
    }


def time_stages(reducer: Reducer, tokens: VisualTokens, repeats: int) -> list[Timing]:
    """Medians over rounds in which everything runs once, so that a busy moment touches all alike."""
    features, k = tokens.features, reducer.budget(len(tokens.features))
    n, product = len(features), (features[k:].float(), features[:k].float().T)
    calls = stage_calls(reducer, tokens, k) | {"product": lambda: torch.matmul(*product)}
    rounds = [
        {stage: seconds(call, features.device) for stage, call in calls.items()}
        for _ in tqdm(range(repeats + 1), desc=f"{n} tokens", delay=2, leave=False)
    ]
    medians = {stage: median(times[stage] for times in rounds[1:]) for stage in calls}
    return [Timing(n, k, stage, 1000 * time, time / medians["product"]) for stage, time in medians.items()]


def seconds(call: Callable[[], object], device: torch.device) -> float:
    """How long one call takes until its device is done."""
    settle(device)
    start = time.perf_counter()
    call()
    settle(device)
    return time.perf_counter() - start


def settle(device: torch.device) -> None:
    """Waits for what a GPU has yet to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def as_table(timings: Sequence[Timing]) -> Table:
    """One row for each stage and size."""
    table = Table(box=box.MARKDOWN)
    for column in ("tokens", "kept", "stage", "ms", "stage / product"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for t in timings:
        table.add_row(str(t.n), str(t.k), t.stage, f"{t.milliseconds:.2f}", f"{t.ratio:.3f}")
    return table

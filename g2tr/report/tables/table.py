"""Runs side by side, one Markdown table per benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from g2tr.evaluation.run_folder import Run
from g2tr.evaluation.trusted_config import headline_of
from g2tr.reducers import importance, merge, selection
from g2tr.report.tables.paired import difference, scored

PERCENT = (
    *("accuracy", "pair_accuracy", "circular", "vanilla", "success"),
    *("f1", "precision", "recall", "yes_ratio"),
)
STAGES = ("importance", "selection", "merge")
NAMES: dict[str, str] = {
    f"{package.__name__}.{strategy}": file
    for package in (importance, selection, merge)
    for strategy, file in package.EXPORTS.items()
}
LEGEND = (
    "In brackets: scores in % of the unreduced model, savings as multiples of it; vs none: paired difference of the "
    "first score with its 95 % bootstrap interval over clusters of samples ([–]: fewer than ten clusters)"
)
Row = dict[str, str]


def stages(reducer: Mapping[str, Any]) -> str:
    """What a reducer is composed of: importance × selection × merge, and @ the layer of each step of a cascade."""
    if reducer["keep_ratio"] == 1:
        return "–"
    if "steps" not in reducer:
        return " × ".join(strategy_name(str(reducer[stage]["_target_"])) for stage in STAGES)
    depths = [f"{step['at']['layer']}/{step['at']['of']}" if "at" in step else "encoder" for step in reducer["steps"]]
    return ", ".join(f"{stages(step)} @ {depth}" for step, depth in zip(reducer["steps"], depths, strict=True))


def strategy_name(target: str) -> str:
    """The name of a strategy: that of its file."""
    return NAMES.get(target, target.split(".")[-2])


def scale_of(score: str) -> float:
    """100 for scores that are shown in percent, else 1."""
    return 100.0 if score.split("/")[0] in PERCENT else 1.0


def digits_of(score: str) -> int:
    """Decimals with which a score is shown."""
    return 1 if scale_of(score) > 1 else 2


def score_cell(name: str, value: float, relative: Mapping[str, float]) -> str:
    """A score, and in brackets its share of the unreduced model's."""
    text = f"{scale_of(name) * value:.{digits_of(name)}f}" + (" %" if scale_of(name) > 1 else "")
    return f"{text} ({100 * relative[name]:.1f})" if name in relative else text


def flops_cell(value: float) -> str:
    """FLOPs with a prefix."""
    scale, prefix = (1e12, "T") if value >= 1e12 else (1e9, "G") if value >= 1e7 else (1e6, "M")
    return f"{value / scale:.2f} {prefix}"


def bytes_cell(value: float) -> str:
    """Bytes with a prefix."""
    return f"{value / 2**20:.2f} MiB" if value >= 2**20 else f"{value / 2**10:.0f} KiB"


def cost_cells(result: Mapping[str, Any]) -> Row:
    """Tokens and cost of a run on one benchmark; "net" counts ViT, anchors and evidence as well."""
    cost, tokens = result["cost"], result["tokens"]
    return {
        "ViT tokens": f"{tokens['kept']:.4g} / {tokens['full']:.4g}",
        "prefill FLOPs": f"{flops_cell(cost['prefill_flops'])} ({cost['prefill_speedup_flops']:.2f}x)",
        "KV cache": f"{bytes_cell(cost['kv_bytes'])} ({cost['kv_ratio']:.2f}x)",
        "ViT FLOPs": flops_cell(cost["vit_flops"]),
        "anchor FLOPs": flops_cell(cost["anchor_flops"]) if cost["anchor_flops"] else "–",
        "evidence FLOPs": flops_cell(cost["evidence_flops"]) if cost.get("evidence_flops") else "",
        "net": f"{cost['net_speedup_flops']:.2f}x",
        "first token": seconds_cell(first_token(result.get("seconds", {}))),
    }


def first_token(seconds: Mapping[str, float]) -> float:
    """Measured seconds per sample before anything is written: encoders, anchors, reducer, prefill."""
    return sum(seconds.get(phase, 0.0) for phase in ("encode", "anchors", "reduce", "prefill"))


def seconds_cell(value: float) -> str:
    """Seconds with a prefix; empty where nothing was measured."""
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms" if value else ""


def row_of(run: Run, benchmark: str, headline: Sequence[str]) -> Row:
    """One run on one benchmark."""
    reducer, result = run.metrics["reducer"], run.metrics["benchmarks"][benchmark]
    scores, relative = result["scores"], result.get("relative", {})
    row = {"reducer": reducer["name"], "stages": stages(reducer), "keep": f"{reducer['keep_ratio']:g}"}
    row |= {name: score_cell(name, scores[name], relative) if name in scores else "" for name in headline}
    row |= cost_cells(result) if "cost" in result else {}
    return row | ({"failed": str(result["failed"])} if result["failed"] else {})


def markdown(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table; columns that are empty throughout are left out."""
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if any(row.get(name) for row in rows)]
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    text = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |" for line in lines]
    return "\n".join([text[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *text[1:]])


def findings(runs: Sequence[Run], benchmark: str, score: str) -> list[str]:
    """Sentences about reducers that fall below random reduction at the same keep ratio by more than chance."""
    randoms = {run.metrics["reducer"]["keep_ratio"]: run for run in runs if run.metrics["reducer"]["name"] == "random"}
    graded = {keep: scored([run], benchmark, score) for keep, run in randoms.items()}
    said = []
    for run in runs:
        name, keep = run.metrics["reducer"]["name"], run.metrics["reducer"]["keep_ratio"]
        if keep not in randoms or run is randoms[keep]:
            continue
        apart = difference(scored([run], benchmark, score), graded[keep])
        if apart and apart.is_loss:
            own, other = (each.metrics["benchmarks"][benchmark]["scores"][score] for each in (run, randoms[keep]))
            said.append(
                f"Finding: {name} at {keep:g} scores below random reduction on {benchmark}: {score} "
                f"{score_cell(score, own, {})} against {score_cell(score, other, {})} ({apart.evidence})."
            )
    return said


def net_losses(runs: Sequence[Run], benchmark: str) -> list[str]:
    """A sentence about the reducers that take more FLOPs than they save."""
    costs = [(run.metrics["reducer"], run.metrics["benchmarks"][benchmark].get("cost", {})) for run in runs]
    net = [(reducer, cost.get("net_speedup_flops", 1.0)) for reducer, cost in costs]
    losing = [f"{reducer['name']} {reducer['keep_ratio']:g} ({saved:.2f}x)" for reducer, saved in net if saved < 1]
    said = f"Net loss on {benchmark}: anchors and evidence cost more FLOPs than they save in {', '.join(losing)}."
    return [said] if losing else []


def versus_none(runs: Sequence[Run], benchmark: str, score: str) -> list[Row]:
    """For each run a cell with its paired difference from the unreduced model, where that is among the runs."""
    reference = next((run for run in runs if "relative" not in run.metrics["benchmarks"][benchmark]), None)
    if reference is None:
        return [{} for _ in runs]
    full = scored([reference], benchmark, score)
    apart = [None if run is reference else difference(scored([run], benchmark, score), full) for run in runs]
    return [{"vs none": each.text(scale_of(score), digits_of(score))} if each else {} for each in apart]


def comparison(runs: Sequence[Run]) -> str:
    """All runs on each benchmark of the last one, findings, and where the run folders are."""
    last, parts = runs[-1].metrics, []
    for name, node in last["benchmark"].items():
        shared = [run for run in runs if name in run.metrics["benchmarks"]]
        headline = (*headline_of(node), "agreement_psnr")
        samples = last["benchmarks"][name]["n"]
        parts += [f"\n{name}: {samples} samples, {last['model']['name']}, {last['preprocess']} preprocessing\n"]
        apart = versus_none(shared, name, headline[0])
        rows = [row_of(run, name, headline) | cells for run, cells in zip(shared, apart, strict=True)]
        parts += [markdown(rows), *findings(shared, name, headline[0]), *net_losses(shared, name)]
    parts += tried_again(runs)
    parts += [f"\n{LEGEND}. Run folders:"]
    return "\n".join([*parts, *(f"  {run.folder.path}" for run in runs)])


def tried_again(runs: Sequence[Run]) -> list[str]:
    """A sentence for each run in which samples were predicted again just now."""
    return [
        f"Tried again in {run.folder.path.name}: {len(run.again)} samples that had failed, or whose pictures changed; "
        f"{sum(error is None for error in run.again)} succeeded."
        for run in runs
        if run.again
    ]


def print_comparison(runs: Sequence[Run]) -> None:
    """Prints the comparison; lines are never wrapped, so that they can be pasted."""
    Console(soft_wrap=True, highlight=False, markup=False).print(comparison(runs))

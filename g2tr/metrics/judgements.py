"""Official rules that turn a judge's scores of one edit into a benchmark's numbers. Pure functions."""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean

Scores = Mapping[str, float]
LOGICAL = "logical_reasoning"
KRIS_ASPECTS = ("consistency", "quality", "instruction", "knowledge")


def rise_aspects(category: str, scores: Scores) -> dict[str, float]:
    """RISEBench: scores from 1 to 5; logical tasks are judged 0 or 1, which is 1 or 5 (gpt_eval.py, main)."""
    return {name: 4 * min(value, 1.0) + 1 if category == LOGICAL else value for name, value in scores.items()}


def rise_score(category: str, scores: Scores, free: bool = False) -> float:
    """RISEBench's weighted score, 1 to 5 (gpt_eval.py, calculate_score).

    0.3 consistency + 0.5 reasoning + 0.2 quality; 0.8 and 0.2 where consistency is not asked for, or is not to count
    (`free`); 0.3 and 0.7 for logical tasks. Halved, but not below 1, if reasoning is 1.
    """
    s = rise_aspects(category, scores)
    if category == LOGICAL:
        score = 0.3 * s["consistency"] + 0.7 * s["reasoning"]
    elif "consistency" in s and not free:
        score = 0.3 * s["consistency"] + 0.5 * s["reasoning"] + 0.2 * s["quality"]
    else:
        score = 0.8 * s["reasoning"] + 0.2 * s["quality"]
    return max(1.0, 0.5 * score) if s["reasoning"] == 1 else score


def rise_accuracy(category: str, scores: Scores) -> float:
    """RISEBench's accuracy: 1 if every aspect that applies has 5.

    Where consistency is not asked for it does not apply: the rule since April 2026, before it such tasks were 0.
    """
    return float(all(value == 5 for value in rise_aspects(category, scores).values()))


def percent(score: float) -> float:
    """1 to 5 as 0 to 100: (s - 1) · 25, as RISEBench and KRIS-Bench report."""
    return (score - 1) * 25


def kris_percents(scores: Scores) -> list[float]:
    """KRIS-Bench: the aspects of one edit as percents; averages run over all of them alike (BAGEL's summarize.py)."""
    return [percent(scores[name]) for name in KRIS_ASPECTS if name in scores]


def viescore(semantics: Sequence[float], quality: Sequence[float]) -> dict[str, float]:
    """VIEScore, 0 to 10: SC = min, PQ = min, O = √(SC · PQ)."""
    sc, pq = min(semantics), min(quality)
    return {"semantics": sc, "quality": pq, "overall": sqrt(sc * pq)}


def imgedit_score(scores: Scores) -> float:
    """ImgEdit: the mean of the three scores, rounded to two decimals (step1_get_avgscore.py)."""
    return round(fmean(scores.values()), 2)

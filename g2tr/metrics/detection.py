"""Scores of a yes or no that says whether something is there; "yes" is the positive answer."""


def ratio(part: float, whole: float) -> float:
    """A share, 0 of nothing."""
    return part / whole if whole else 0.0


def detection_scores(found: float, claimed: float, present: float) -> dict[str, float]:
    """Precision, recall and their harmonic mean, of `found` true ones among those `claimed` and those `present`."""
    precision, recall = ratio(found, claimed), ratio(found, present)
    return {"f1": ratio(2 * precision * recall, precision + recall), "precision": precision, "recall": recall}

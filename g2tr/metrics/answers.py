"""Scores of short answers."""


def exact_match(prediction: str, target: str) -> float:
    """1 if the answer is the target, word for word, else 0; an empty answer is wrong."""
    return float(prediction.split() == target.split() != [])

"""Questions that count together: the two of an image pair, the rolls of a circular question."""

from collections.abc import Iterable

from g2tr.errors import InputError


def all_right(answers: Iterable[tuple[str, int, float]]) -> dict[str, float]:
    """For each cluster 1 if all its questions are answered rightly, else 0; a missing answer is a wrong one.

    An answer is given as cluster, number of questions in it, and 1 or 0.
    """
    wrong: dict[str, float] = {}
    for cluster, size, right in answers:
        if not cluster:
            raise InputError("a prediction names no cluster, and this benchmark is scored by clusters")
        wrong[cluster] = wrong.get(cluster, size) - right
    return {cluster: float(count == 0) for cluster, count in wrong.items()}

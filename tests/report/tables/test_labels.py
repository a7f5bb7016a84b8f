from collections.abc import Callable

from g2tr.evaluation.run_folder import Run
from g2tr.report.tables.labels import labels_of
from tests.report.conftest import STAGES

MakeRun = Callable[..., Run]


def test_reducers_of_one_name_are_told_apart(make_run: MakeRun) -> None:
    plain, other = make_run("g2tr"), make_run("g2tr", reducer={"name": "g2tr", "keep_ratio": 0.5, **STAGES})
    third = make_run("g2tr", reducer={"name": "g2tr", "keep_ratio": 0.5, **STAGES, "min_keep": 1})
    assert list(labels_of([plain, other, third]).values()) == [
        "g2tr (g2tr × x × x)",
        "g2tr (x × x × x)",
        "g2tr (x × x × x; min_keep=1)",
    ]


def test_one_reducer_at_several_ratios_and_seeds_has_one_name(make_run: MakeRun) -> None:
    runs = [make_run("random", keep, seed=seed) for keep in (0.5, 0.25) for seed in (0, 1)]
    assert set(labels_of(runs).values()) == {"random"}


def test_settings_that_differ_stand_in_the_name(make_run: MakeRun) -> None:
    runs = [
        make_run("g2tr", reducer={"name": "g2tr", "keep_ratio": 0.5, **STAGES, "anchors": {"pool": pool}})
        for pool in (1, 2)
    ]
    assert list(labels_of(runs).values()) == ["g2tr (x × x × x; anchors.pool=1)", "g2tr (x × x × x; anchors.pool=2)"]

from dataclasses import replace

from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.scenes import SceneQuestions
from g2tr.record import Record
from g2tr.score import shared_relative


def test_ratios_leave_out_what_the_unreduced_model_failed_on() -> None:
    samples = [Sample(name, (), "?", "yes", "color") for name in "ab"]
    own = [Record(name, "x", "color", "?", "yes", "yes", 0, score={"accuracy": 1.0}) for name in "ab"]
    failed = replace(own[1], prediction=None, error="out of memory", score={"accuracy": 0.0})
    theirs = {record.key: record for record in (own[0], failed)}
    assert shared_relative(SceneQuestions(), samples, own, theirs)["accuracy"] == 1.0

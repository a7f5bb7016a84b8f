import pytest

from g2tr.benchmarks.magicbrush import MagicBrush
from g2tr.benchmarks.sources.dataset import Dataset


@pytest.fixture
def benchmark(tiny: dict[str, Dataset]) -> MagicBrush:
    return MagicBrush(tiny["magicbrush"])


def test_every_turn_is_a_sample_and_a_limit_keeps_turns_together(benchmark: MagicBrush) -> None:
    assert [sample.id for sample in benchmark.samples()] == ["30-1", "139-1", "139-2"]
    assert [sample.id for sample in MagicBrush(benchmark.dataset, limit=2).samples()] == ["30-1"]


def test_l1_and_l2_are_means_over_all_turns(benchmark: MagicBrush) -> None:
    samples = benchmark.samples()
    scores = benchmark.summarise([(sample, benchmark.grade(sample, sample.images[0].open())) for sample in samples])
    assert scores["l1"] == pytest.approx(sum(benchmark.grade(s, s.images[0].open())["l1"] for s in samples) / 3)
    assert scores["input_l1"] == 0.0
    assert {"psnr/turn 1", "psnr/turn 2"} < set(scores)


def test_edits_go_where_image_eval_looks(benchmark: MagicBrush) -> None:
    places = [benchmark.layout(sample.facts) for sample in benchmark.samples()]
    assert places == ["30/30_1.png", "139/139_1.png", "139/139_inde_2.png"]

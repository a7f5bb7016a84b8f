import pytest

from g2tr.errors import InputError
from g2tr.training.schedule import Schedule


def test_the_rate_warms_up_and_falls_to_zero() -> None:
    plan = Schedule(steps=100, rate=1.0, warmup=10)
    rates = [plan.rate_at(step, 0.0) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[50] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_whichever_of_steps_and_minutes_ends_first_counts() -> None:
    plan = Schedule(steps=100, rate=1.0, minutes=2.0, warmup=1)
    assert plan.progress(10, 30.0) == 0.25
    assert plan.progress(50, 30.0) == 0.5
    assert plan.rate_at(10, 120.0) == pytest.approx(0.0)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": 5, "minutes": 0.0}])
def test_a_plan_without_an_end_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="at least one step"):
        Schedule(rate=1.0, **wrong)

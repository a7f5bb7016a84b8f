from collections.abc import Callable

import pytest
from hydra.errors import HydraException
from omegaconf import DictConfig

from g2tr.cli.hints import hint


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        *(("reducer=g2rt", "reducer=g2tr"), ("redcer=g2tr", "reducer=g2tr"), ("keep_ration=0.5", "keep_ratio=0.5")),
        *(("reducer.keepratio=1", "reducer.keep_ratio=1"), ("reducer/merge=nearst", "reducer/merge=nearest")),
        ("benchmark=scene_questions", "benchmark=scenes_questions"),
    ],
)
def test_a_mistyped_setting_is_answered_with_the_nearest_right_one(
    given: str, meant: str, compose: Callable[..., DictConfig]
) -> None:
    with pytest.raises(HydraException) as error:
        compose(given)
    assert hint(" ".join(str(error.value).split()), "evaluate") == f"; did you mean {meant}?"


def test_a_stage_of_a_cascade_is_answered_with_that_of_its_steps(compose: Callable[..., DictConfig]) -> None:
    with pytest.raises(HydraException) as error:
        compose("reducer=fastv", "reducer/merge=nearest")
    meant = "; did you mean reducer/merge@reducer.steps.inside.merge=nearest?"
    assert hint(" ".join(str(error.value).split()), "evaluate") == meant


@pytest.mark.parametrize("message", ["anything", "Could not override 'zzzzzzzz'", "Could not find 'reducer/qqqqqqqq'"])
def test_nothing_is_guessed_where_nothing_is_near(message: str) -> None:
    assert hint(message, "evaluate") == ""

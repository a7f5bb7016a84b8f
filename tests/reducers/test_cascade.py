import pytest

from g2tr.errors import InputError
from g2tr.reducers.cascade import KEEP_ALL, Cascade, ReductionPlan, query_on
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Depth, Reducer
from g2tr.reducers.selection.topk import TopK


def step(layer: int, of: int | None = None) -> Reducer:
    return Reducer(Norm(), TopK(), Drop(), at=Depth(layer, of))


@pytest.mark.parametrize(
    ("depth", "layers", "layer"),
    [
        (Depth(), 28, 0),
        (Depth(2, 28), 28, 2),
        (Depth(2, 28), 6, 1),
        (Depth(2, 28), 36, 3),  # 2.57 is nearer to 3
        (Depth(14, 28), 6, 3),
        (Depth(24, 28), 6, 5),
    ],
)
def test_a_depth_means_the_same_fraction_of_every_model(depth: Depth, layers: int, layer: int) -> None:
    assert depth.resolve(layers) == layer


def test_a_depth_beyond_the_model_is_refused() -> None:
    with pytest.raises(InputError, match="layer 28 of 28"):
        Depth(28, 28)
    with pytest.raises(InputError, match="has 6 layers"):
        Depth(6).resolve(6)


def test_a_cascade_acts_at_the_encoder_and_inside_or_inside_alone() -> None:
    cascade = Cascade([step(0), step(14, 28)])
    assert cascade.encoder == step(0)
    assert cascade.inside(28) == [(14, step(14, 28))]
    assert Cascade([step(2)]).encoder is KEEP_ALL


def test_a_reducer_is_a_plan_without_steps_inside() -> None:
    reducer = step(0)
    assert isinstance(reducer, ReductionPlan)
    assert (reducer.encoder, reducer.inside(28)) == (reducer, [])


def test_steps_may_have_names() -> None:
    cascade = Cascade({"encoder": step(0), "inside": step(14, 28)})
    assert cascade.encoder == step(0)
    assert cascade.inside(28) == Cascade([step(0), step(14, 28)]).inside(28) == [(14, step(14, 28))]


def test_steps_must_rise_and_stay_apart_on_a_shallow_model() -> None:
    with pytest.raises(InputError, match="rising layers"):
        Cascade([step(3), step(2)])
    with pytest.raises(InputError, match="too few"):
        Cascade([step(2, 28), step(3, 28)]).inside(6)


def test_an_unknown_query_is_refused() -> None:
    with pytest.raises(InputError, match="native, joint, image_end, deferred, text_first"):
        Cascade([step(2)], query="last")


def test_what_a_query_left_open_means_is_the_models_choice() -> None:
    assert Cascade([step(2)]).query == KEEP_ALL.query == "native"
    assert query_on(Cascade([step(2)]), "joint") == "joint"
    assert query_on(Cascade([step(2)], query="deferred"), "joint") == "deferred"
    with pytest.raises(InputError, match="query=joint needs a causal model"):
        query_on(Cascade([step(2)], query="joint"), "image_end")


def test_positions_are_those_that_were_read_or_counted_anew() -> None:
    assert Cascade([step(2)]).positions == KEEP_ALL.positions == "original"
    assert Cascade([step(2)], positions="compact").positions == "compact"
    with pytest.raises(InputError, match="positions must be one of original, compact, got 'dense'"):
        Cascade([step(2)], positions="dense")


def test_dropped_tokens_stay_in_the_caches_below_a_step_unless_it_is_wanted() -> None:
    assert not Cascade([step(2)]).evict_lower_layers and not KEEP_ALL.evict_lower_layers
    assert Cascade([step(2)], evict_lower_layers=True).evict_lower_layers

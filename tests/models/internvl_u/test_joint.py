import torch

from g2tr.models.internvl_u.joint import FeedForward, JointAttention, modulate

SEED = torch.Generator().manual_seed(0)
IMAGE, TEXT = torch.randn(5, 32, generator=SEED), torch.randn(3, 32, generator=SEED)
STILL = torch.ones(8, 8, dtype=torch.complex64)


def attention() -> JointAttention:
    torch.manual_seed(0)
    return JointAttention(2, 16).requires_grad_(False)


def test_a_closed_gate_lets_nothing_through() -> None:
    joint = attention()
    joint.to_q.bias.view(2, 2, 16)[:, 1] = -1e4
    image, text = joint(IMAGE, TEXT, STILL)
    assert image.abs().max() == 0
    assert text.abs().max() > 0


def test_the_gate_acts_after_the_out_projection() -> None:
    joint = attention()
    joint.to_q.weight.view(2, 2, 16, 32)[:, 1] = 0
    joint.to_q.bias.view(2, 2, 16)[:, 1] = 0
    joint.to_out[0].weight.zero_()
    assert torch.allclose(joint(IMAGE, TEXT, STILL)[0], joint.to_out[0].bias / 2)


def test_each_stream_sees_the_other() -> None:
    joint = attention()
    for changed in (joint(IMAGE, TEXT + 1, STILL)[0], joint(IMAGE, TEXT, STILL)[0]):
        assert changed.shape == IMAGE.shape
    assert not torch.allclose(joint(IMAGE, TEXT + 1, STILL)[0], joint(IMAGE, TEXT, STILL)[0])
    assert not torch.allclose(joint(IMAGE + 1, TEXT, STILL)[1], joint(IMAGE, TEXT, STILL)[1])


def test_modulation_scales_then_shifts_a_normed_row() -> None:
    x = torch.tensor([[1.0, 3.0, 1.0, 3.0]])
    assert torch.allclose(modulate(x, torch.full((4,), 5.0), torch.ones(4)), torch.tensor([[3.0, 7.0, 3.0, 7.0]]))


def test_the_feed_forward_layer_has_the_keys_of_the_checkpoint() -> None:
    assert set(FeedForward(4).state_dict()) == {
        f"net.{layer}.{kind}" for layer in ("0.proj", "2") for kind in ("weight", "bias")
    }

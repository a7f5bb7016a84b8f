import torch

from g2tr.scenes.noise import lattice, octaves, smooth

SEEDS = torch.tensor([0, 1, 2**31 - 1])


def test_the_lattice_is_fixed_for_ever() -> None:
    values = (lattice(SEEDS, 1, 2, salt=3) * 2**16).long().tolist()
    assert values == [[[13986, 21685]], [[20953, 51778]], [[5890, 9135]]]


def test_the_lattice_is_uniform_and_its_salts_unrelated() -> None:
    one, other = lattice(SEEDS, 100, 100, 0), lattice(SEEDS, 100, 100, 1)
    assert one.min() >= 0 and one.max() < 1
    assert torch.allclose(one.mean((1, 2)), torch.tensor(0.5), atol=0.02)
    pairs = torch.stack([one.flatten(), other.flatten(), one.roll(1, 2).flatten(), one.roll(1, 1).flatten()])
    assert (torch.corrcoef(pairs) - torch.eye(4)).abs().max() < 0.03


def test_smooth_noise_passes_through_its_points_whatever_the_size() -> None:
    field = smooth(SEEDS, (97, 65), 16, salt=0)
    points = 2 * lattice(SEEDS, 8, 6, 0) - 1
    assert field.shape == (3, 97, 65)
    assert torch.allclose(field[:, ::16, ::16], points[:, :7, :5], atol=1e-5)
    assert torch.allclose(octaves(SEEDS, (80, 64), (16,))[:, :64, :48], field[:, :64, :48], atol=1e-5)

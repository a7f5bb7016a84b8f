from collections.abc import Callable
from pathlib import Path

import torch
from omegaconf import DictConfig

from g2tr.config import build
from g2tr.models.bagel.model import Bagel
from g2tr.training.bagel_module import new_network
from g2tr.training.recipe import Recipe
from g2tr.training.token_rows import entries
from g2tr.training.transfer import transfer


def test_words_keep_their_vectors_and_cells_their_place(
    bagel_tiny: Bagel, compose: Callable[..., DictConfig], tmp_path: Path
) -> None:
    recipe: Recipe = build(compose("recipe=embedded", config_name="train").recipe)
    texts = entries(recipe.versions)
    network = new_network(recipe.shape.write(tmp_path, texts), seed=0)
    fresh = network.language.embed_tokens.weight.clone()
    taken, count = transfer(network, "embedded", texts)
    trained, start = bagel_tiny.parts.network, network.language.embed_tokens.weight
    known = bagel_tiny.parts.tokenizer.encode("red")[0]
    assert torch.equal(start[texts.index("red")], trained.language.embed_tokens.weight[known])
    assert torch.equal(start[texts.index("largest")], fresh[texts.index("largest")])
    table, old = network.vit.position_embedding.weight.view(24, 24, -1), trained.vit.position_embedding.weight
    assert torch.equal(table[:16, :16], old.view(16, 16, -1))
    assert torch.equal(
        network.language.layer(3).expert("gen").k_proj.weight, trained.language.layer(3).expert("gen").k_proj.weight
    )
    assert count - taken == 6

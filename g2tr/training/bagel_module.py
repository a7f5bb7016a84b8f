"""Part two: the unified model."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.models.bagel.config import BagelConfig
from g2tr.models.bagel.network import BagelNetwork
from g2tr.models.bagel.vae import LatentCodec
from g2tr.training.batches import BatchSampler, EditBatch, QuestionBatch
from g2tr.training.init import initialise
from g2tr.training.losses import Dropping, Flow, answer_loss, edit_loss
from g2tr.training.module import TrainingModule
from g2tr.training.schedule import Schedule


def new_network(config: BagelConfig, seed: int) -> BagelNetwork:
    """A network with the weights that training starts from."""
    network = BagelNetwork(config)
    initialise(network, seed)
    return network


def compile_layers(network: BagelNetwork) -> None:
    """Compiles what all layers repeat; attention is fused already."""
    for layer in network.vit.layers:
        layer.compile()
    for index in range(len(network.language.layers)):
        layer = network.language.layer(index)
        for expert in layer.experts.children():
            for method in ("project", "finish"):
                setattr(expert, method, torch.compile(getattr(expert, method), dynamic=True))


class Objective(NamedTuple):
    """How edits are learned, and what is hidden meanwhile."""

    flow: Flow
    dropping: Dropping


class BagelModule(TrainingModule):
    """Answers and edits, one kind of batch at a step."""

    stream = "Umm"

    def __init__(
        self,
        network: BagelNetwork,
        codec: LatentCodec,
        plan: Schedule,
        lessons: BatchSampler,
        objective: Objective,
        workers: int,
    ) -> None:
        super().__init__(network, plan, lessons, lessons.seed, workers, lessons.pieces)
        self.codec = codec
        self.objective = objective

    @property
    def averaged(self) -> BagelNetwork:
        """What is evaluated and exported."""
        network = self.average.network
        assert isinstance(network, BagelNetwork)
        return network

    @property
    def trained(self) -> BagelNetwork:
        """What the optimiser changes."""
        assert isinstance(self.network, BagelNetwork)
        return self.network

    def training_step(self, batch: QuestionBatch | EditBatch, batch_idx: int) -> Float[Tensor, ""]:
        if isinstance(batch, EditBatch):
            flow, dropping = self.objective
            loss = edit_loss(self.trained, self.codec, batch, flow, dropping, self.step_generator())
            self.log_step(len(batch.images), edit_loss=loss)
            return loss
        loss, right = answer_loss(self.trained, batch, self.objective.dropping, self.step_generator())
        self.log_step(len(batch.texts.ids), answer_loss=loss, words_right=right)
        return loss

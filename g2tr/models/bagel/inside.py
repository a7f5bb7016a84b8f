"""How BAGEL's images and questions are read where tokens leave between layers of the language model."""

from jaxtyping import Float
from torch import Tensor

from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.prefill import embed_visual, image_block
from g2tr.models.engine.context import PendingImage, State, text_block
from g2tr.models.engine.layer_reduction import Decisions, prefill_images, prefill_question
from g2tr.models.engine.trace import View
from g2tr.reducers.cascade import ReductionPlan
from g2tr.reducers.tokens import Reduction, VisualTokens


def read_visual_inside(
    state: State[Components], tokens: VisualTokens, reduction: Reduction, plan: ReductionPlan
) -> Float[Tensor, "t d"]:
    """Adds an image whose tokens grow fewer from layer to layer; its end marker is the query."""
    embedded = embed_visual(state.parts, tokens, reduction)
    block, _ = image_block([state], embedded, [len(embedded)], "und")
    view = View.of(tokens, reduction, len(state.cache.layers))
    state.trace = state.trace.view(view)
    image = PendingImage(1, len(state.trace.views) - 1, tokens.seed, block.positions[1:-1])
    prefill_pass, _ = prefill_images(state, block, [image], plan)
    state.rope += 1
    return prefill_pass.finish(view.full + 2)


def read_text_deferred(state: State[Components], text: str) -> Decisions:
    """Adds a text whose last row decides which tokens of the waiting images leave the caches; what it decided."""
    ids = state.parts.tokenize(text)
    prefill_pass, decisions = prefill_question(state, text_block([state], [ids]))
    state.rope += len(ids)
    prefill_pass.finish(len(ids))
    return decisions

"""A conversation with InternVL-U: read texts and images, ask, fork."""

from collections.abc import Callable, Sequence

from PIL.Image import Image

from g2tr.cascade import KEEP_ALL, Plan
from g2tr.grids import whole
from g2tr.models.inside import Decisions, acts_inside, wait, walk_image, walk_question
from g2tr.models.internvl_u.codec import Posterior
from g2tr.models.internvl_u.language import Hidden
from g2tr.models.internvl_u.parts import Parts
from g2tr.models.internvl_u.prefill import image_block, read_texts, read_visual
from g2tr.models.internvl_u.prompt import Piece
from g2tr.models.state import State, text_block
from g2tr.models.trace import View
from g2tr.tokens import Grid, LatentGrid, Reduction, VisualTokens


class Context(State[Parts]):
    """One conversation. Every verb extends it in place and returns the rows it added; `fork` keeps it as it is."""

    @classmethod
    def new(cls, parts: Parts) -> "Context":
        """An empty conversation."""
        return cls(parts, parts.language.new_cache())

    def read_text(self, text: str) -> Hidden:
        """Reads a piece of the template."""
        with self.clock.phase("prefill"):
            return read_texts([self], [text])[0]

    def ask(self, text: str, decided: Decisions | None = None) -> tuple[Hidden, Decisions]:
        """Reads the last text before the model speaks; waiting images lose the tokens that it does not attend to.

        Which they were is returned, too; `decided` takes over what an earlier question decided.
        """
        if not self.waiting:
            return self.read_text(text), {}
        ids = self.parts.tokenize(text)
        with self.clock.phase("prefill"):
            walk, decisions = walk_question(self, text_block([self], [ids]), decided)
            self.rope += len(ids)
            return Hidden(walk.finish(len(ids)), walk.below), decisions

    def read_image(self, image: Image, plan: Plan, posteriors: Sequence[Posterior] = ()) -> Hidden:
        """Reads an image as reduced tokens between its markers.

        Anchors use the posterior of the image where one is given; without it an extra encode of the image is made
        and noted in the trace.
        """
        tokens = self.see(image, plan.encoder.reads, posteriors, plan.encoder.viewed)
        with self.clock.phase("reduce"):
            reduction = plan.encoder(tokens)
        return self.read_tokens(tokens, reduction, plan)

    def see(
        self,
        image: Image,
        reads: frozenset[type],
        posteriors: Sequence[Posterior] = (),
        viewed: Callable[[Grid], Grid] = whole,
    ) -> VisualTokens:
        """Visual tokens of an image with the evidence that a reducer reads, on the grid that it wants."""
        tokens = self.glance(image, reads, viewed)
        if LatentGrid not in reads:
            return tokens
        if not posteriors:
            with self.clock.phase("anchors"):
                posteriors = [self.parts.encode_tile(image)]
            self.trace = self.trace.anchor_encode(self.parts.anchor_size)
        return tokens.having(self.parts.latent_grid(posteriors[0]))

    def read_tokens(self, tokens: VisualTokens, reduction: Reduction, plan: Plan = KEEP_ALL) -> Hidden:
        """Reads what a reduction left of an image, and goes on with the plan's steps inside the language model.

        Where such a step counts positions anew, it also closes the gaps that the encoder's step left.
        """
        start, inside = self.length + 1, acts_inside(self, plan)
        view = View.of(tokens, reduction, len(self.cache.layers))
        block = image_block(self, tokens, reduction, plan.encoder.size_alpha)
        self.rope = int(block.positions[-1]) + 1
        with self.clock.phase("prefill"):
            if inside and plan.query != "deferred":
                walk = walk_image(self, block, view, tokens.seed, plan, anew=plan.positions == "compact")
                return Hidden(walk.finish(view.full + 2), walk.below)
            hidden = read_visual(self, block, view)
        if inside:
            wait(self, start, tokens.seed, plan)
        return hidden

    def read_pieces(self, pieces: Sequence[Piece], images: Sequence[Image], plan: Plan) -> None:
        """Reads texts and images in order."""
        for piece in pieces:
            if isinstance(piece, int):
                self.read_image(images[piece], plan)
            else:
                self.read_text(piece)

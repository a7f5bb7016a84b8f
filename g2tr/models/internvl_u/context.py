"""A conversation with InternVL-U: read texts and images, ask, fork."""

from collections.abc import Callable, Sequence

from PIL.Image import Image

from g2tr.models.calls import own_types
from g2tr.models.engine.context import PendingImage, State, text_block
from g2tr.models.engine.kv_cache import Block
from g2tr.models.engine.layer_reduction import Decisions, acts_inside, defer, prefill_images, prefill_question
from g2tr.models.engine.trace import View
from g2tr.models.internvl_u.codec import Posterior
from g2tr.models.internvl_u.language import Hidden
from g2tr.models.internvl_u.parts import Components
from g2tr.models.internvl_u.prefill import image_block, joined, read_texts, read_visual
from g2tr.models.internvl_u.prompt import Piece
from g2tr.reducers.cascade import KEEP_ALL, ReductionPlan
from g2tr.reducers.grid_maps import whole
from g2tr.reducers.tokens import Grid, LatentGrid, Reduction, VisualTokens


class Context(State[Components]):
    """One conversation. Every verb extends it in place and returns the rows it added; `fork` keeps it as it is.

    Where images are to be read together with their question, they and the texts between are held until `ask`, which
    then returns the rows of them all.
    """

    @classmethod
    def new(cls, parts: Components) -> "Context":
        """An empty conversation."""
        return cls(parts, parts.language.new_cache())

    @own_types()
    def read_text(self, text: str) -> Hidden:
        """Reads a piece of the template."""
        if self.pending_blocks:
            return self.hold(text_block([self], [self.parts.tokenize(text)]))
        with self.clock.phase("prefill"):
            return read_texts([self], [text])[0]

    @own_types()
    def ask(self, text: str, decided: Decisions | None = None) -> tuple[Hidden, Decisions]:
        """Reads the last text before the model speaks; waiting images lose the tokens that it does not attend to.

        Which they were is returned, too; `decided` takes over what an earlier question decided.
        """
        if not self.pending:
            return self.read_text(text), {}
        question = text_block([self], [self.parts.tokenize(text)])
        self.rope, rows = self.rope + len(question.positions), len(question.positions)
        with self.clock.phase("prefill"):
            if self.pending_blocks:
                return self.release(question, decided)
            prefill_pass, decisions = prefill_question(self, question, decided)
            return Hidden(prefill_pass.finish(rows), prefill_pass.previous_hidden), decisions

    def hold(self, block: Block) -> Hidden:
        """Leaves a block to the question that follows."""
        self.pending_blocks, self.rope = (*self.pending_blocks, block), int(block.positions[-1]) + 1
        return Hidden(block.embeddings[:0], block.embeddings[:0])

    def release(self, question: Block, decided: Decisions | None) -> tuple[Hidden, Decisions]:
        """Reads what was held and the question, whose last row decides which tokens stay."""
        block, images, plan = joined([*self.pending_blocks, question]), self.pending, self.plan
        views = [self.trace.views[image.view] for image in images]
        full = len(block.positions) + sum(view.full - len(view.kept) for view in views)
        self.pending_blocks, self.pending, renumber = (), (), plan.positions == "compact"
        prefill_pass, decisions = prefill_images(self, block, images, plan, len(question.positions), renumber, decided)
        return Hidden(prefill_pass.finish(full), prefill_pass.previous_hidden), decisions

    @own_types()
    def read_image(self, image: Image, plan: ReductionPlan, posteriors: Sequence[Posterior] = ()) -> Hidden:
        """Reads an image as reduced tokens between its markers.

        Anchors use the posterior of the image where one is given; without it an extra encode of the image is made
        and noted in the trace.
        """
        requires = plan.encoder.required_for(self.parts.vit_grid(image))
        tokens = self.see(image, requires, posteriors, plan.encoder.target_grid)
        with self.clock.phase("reduce"):
            reduction = plan.encoder(tokens)
        return self.read_tokens(tokens, reduction, plan)

    @own_types()
    def see(
        self,
        image: Image,
        requires: frozenset[type],
        posteriors: Sequence[Posterior] = (),
        target_grid: Callable[[Grid], Grid] = whole,
    ) -> VisualTokens:
        """Visual tokens of an image with the evidence that a reducer reads, on the grid that it wants."""
        tokens = self.encode_image(image, requires, target_grid)
        if LatentGrid not in requires:
            return tokens
        if not posteriors:
            with self.clock.phase("anchors"):
                posteriors = [self.parts.encode_tile(image)]
            self.trace = self.trace.anchor_encode(self.parts.anchor_size)
        return tokens.with_evidence(self.parts.latent_grid(posteriors[0]))

    @own_types()
    def read_tokens(self, tokens: VisualTokens, reduction: Reduction, plan: ReductionPlan = KEEP_ALL) -> Hidden:
        """Reads what a reduction left of an image, and goes on with the plan's steps inside the language model.

        Where such a step counts positions anew, it also closes the gaps that the encoder's step left.
        """
        inside, query = acts_inside(self, plan, len(reduction.kept)), self.query(plan)
        view = View.of(tokens, reduction, len(self.cache.layers))
        block = image_block(self, tokens, reduction, plan.encoder.size_alpha)
        if self.pending_blocks or (inside and query == "joint"):
            start = sum(len(pending_blocks.positions) for pending_blocks in self.pending_blocks) + 1
            self.trace = self.trace.view(view)
            defer(self, self.last_image(block, start, tokens.seed), plan)
            return self.hold(block)
        start, self.rope = self.length + 1, int(block.positions[-1]) + 1
        with self.clock.phase("prefill"):
            if not inside or query == "deferred":
                hidden = read_visual(self, block, view)
            else:
                hidden = self.read_narrowing(block, view, tokens.seed, plan)
        if inside and query == "deferred":
            defer(self, self.last_image(block, start, tokens.seed), plan)
        return hidden

    def read_narrowing(self, block: Block, view: View, seed: int, plan: ReductionPlan) -> Hidden:
        """Reads an image whose tokens grow fewer from layer to layer; its end marker is the query."""
        self.trace = self.trace.view(view)
        image = self.last_image(block, 1, seed)
        prefill_pass, _ = prefill_images(self, block, [image], plan, renumber=plan.positions == "compact")
        return Hidden(prefill_pass.finish(view.full + 2), prefill_pass.previous_hidden)

    def last_image(self, block: Block, start: int, seed: int) -> PendingImage:
        """The image of the last view, whose tokens begin at row `start`."""
        return PendingImage(start, len(self.trace.views) - 1, seed, block.positions[1:-1])

    def read_pieces(self, pieces: Sequence[Piece], images: Sequence[Image], plan: ReductionPlan) -> None:
        """Reads texts and images in order."""
        for piece in pieces:
            if isinstance(piece, int):
                self.read_image(images[piece], plan)
            else:
                self.read_text(piece)

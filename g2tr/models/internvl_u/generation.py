"""How images are drawn: the three conversations of guidance, and the denoising that they condition.

Source: the editing and text-to-image paths of the official pipeline; models-internvl-u.md section 4.
"""

from collections.abc import Sequence

import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.models.engine.layer_reduction import Decisions
from g2tr.models.internvl_u.codec import Posterior
from g2tr.models.internvl_u.conditions import Passage, row_of
from g2tr.models.internvl_u.context import Context
from g2tr.models.internvl_u.decoder import Row
from g2tr.models.internvl_u.flow import Rows, Sampling, denoise, draw_noise
from g2tr.models.internvl_u.positions import KeptGrid
from g2tr.models.internvl_u.prompt import DRAWN, EMPTY, SLOT, TEXTLESS, Piece, system_turn, user_pieces
from g2tr.models.internvl_u.sizes import fit, generated_size
from g2tr.reducers.cascade import ReductionPlan
from g2tr.reducers.tokens import Grid


def edit_rows(
    context: Context, images: Sequence[Image.Image], instruction: str, system: str, plan: ReductionPlan
) -> Rows:
    """The conversations of an edit: all of it, without its instruction, and without its images too.

    The first two keep the same tokens of every image, and anchors reuse the latents of the references.
    """
    context.parts.require_drawer()
    require_order(images, instruction, plan)
    with context.clock.phase("encode"):
        references = [context.parts.encode_reference(image) for image in images]
    context.expect(instruction.replace(SLOT, ""))
    context.read_text(system_turn(system))
    empty = empty_row(context.fork())
    *opening, question = user_pieces(instruction, len(images))
    passages = read_opening(context, opening, images, references, plan)
    textless, fallback = context.fork(), user_pieces(TEXTLESS, len(images))[-1]
    asked, decisions = ask(context, passages, opened(question))
    untold, _ = ask(textless, passages, opened(fallback), decisions)
    grid = context.parts.vit_grid(images[0])
    kept = [KeptGrid(view.grid, view.kept, grid) for view in context.trace.views]
    return Rows(row_of(asked, kept, references), row_of(untold, kept, references), empty)


def read_opening(
    context: Context,
    pieces: Sequence[Piece],
    images: Sequence[Image.Image],
    references: Sequence[Posterior],
    plan: ReductionPlan,
) -> list[Passage]:
    """Reads everything before the instruction, or holds it."""
    passages = []
    for piece in pieces:
        if isinstance(piece, int):
            hidden = context.read_image(images[piece], plan, [references[piece]])
            passages.append(Passage(hidden, (context.trace.views[-1].kept,)))
        else:
            passages.append(Passage(context.read_text(piece)))
    return passages


def ask(
    context: Context, passages: Sequence[Passage], text: str, decided: Decisions | None = None
) -> tuple[list[Passage], Decisions]:
    """The passages of a conversation with its last text, in whose pass those that were held are read, too."""
    lengths = [len(block.positions) for block in context.pending_blocks]
    hidden, decisions = context.ask(text, decided)
    known = len(passages) - len(lengths)
    views = iter(context.trace.views[sum(bool(passage.kept) for passage in passages[:known]) :])
    late = []
    for passage, length in zip(passages[known:], lengths, strict=True):
        kept = (next(views).kept,) if passage.kept else ()
        rows, hidden = hidden.split(len(kept[0]) + 2 if kept else length)
        late.append(Passage(rows, kept))
    return [*passages[:known], *late, Passage(hidden)], decisions


def require_order(images: Sequence[Image.Image], instruction: str, plan: ReductionPlan) -> None:
    """Raises `InputError` where an edit does not read its images before its instruction."""
    if not images:
        raise InputError("an edit needs at least one image")
    if plan.query == "text_first":
        raise InputError("an edit reads its image first; use query=joint, image_end or deferred")
    if SLOT in instruction:
        raise InputError(f"an edit reads its images before its instruction, which can have no slots {SLOT}")


def generation_rows(context: Context, prompt: str, system: str) -> Rows:
    """The conversations of a drawing from text; without its text nothing is left of it."""
    context.parts.require_drawer()
    context.read_text(system_turn(system))
    empty = empty_row(context.fork())
    (text,) = user_pieces(prompt, 0)
    return Rows(row_of([Passage(context.read_text(opened(text)))]), empty, empty)


def empty_row(context: Context) -> Row:
    """The conversation about no image in particular."""
    (text,) = user_pieces(EMPTY, 0)
    return row_of([Passage(context.read_text(opened(text)))])


def opened(piece: Piece) -> str:
    """The last text of a conversation in which the model goes on with an image."""
    return f"{piece}{DRAWN}"


def draw(context: Context, rows: Rows, size: Grid, sampling: Sampling, generator: torch.Generator) -> Image.Image:
    """Denoises an image of (height, width) pixels; noise comes from the CPU."""
    parts, drawer = context.parts, context.parts.require_drawer()
    height, width = (side // parts.codec.downsample for side in generated_size(size))
    with context.clock.phase("denoise"):
        noise = draw_noise(drawer.decoder.config.out_channels, (height, width), generator)
        latent = denoise(drawer.decoder, rows, noise, drawer.scheduler, sampling)
        return fit(Image.fromarray(parts.codec.decode(latent).numpy()), size)

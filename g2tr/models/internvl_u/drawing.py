"""How images are drawn: the three conversations of guidance, and the denoising that they condition.

Source: the editing and text-to-image paths of the official pipeline; models-internvl-u.md section 4.
"""

from collections.abc import Sequence

import torch
from PIL import Image

from g2tr.cascade import Plan
from g2tr.errors import InputError
from g2tr.models.internvl_u.conditions import Passage, row_of
from g2tr.models.internvl_u.context import Context
from g2tr.models.internvl_u.decoder import Row
from g2tr.models.internvl_u.flow import Rows, Sampling, denoise, draw_noise
from g2tr.models.internvl_u.prompt import DRAWN, EMPTY, SLOT, TEXTLESS, Piece, system_turn, user_pieces
from g2tr.models.internvl_u.sizes import fit, generated_size
from g2tr.tokens import Grid


def edit_rows(context: Context, images: Sequence[Image.Image], instruction: str, system: str, plan: Plan) -> Rows:
    """The conversations of an edit: all of it, without its instruction, and without its images too.

    The first two keep the same tokens of every image, and anchors reuse the latents of the references.
    """
    context.parts.require_drawer()
    require_order(images, instruction, plan)
    with context.clock.phase("encode"):
        references = [context.parts.encode_reference(image) for image in images]
    context.read_text(system_turn(system))
    empty = empty_row(context.fork())
    *opening, question = user_pieces(instruction, len(images))
    passages = []
    for piece in opening:
        if isinstance(piece, int):
            hidden = context.read_image(images[piece], plan, [references[piece]])
            passages.append(Passage(hidden, (context.trace.views[-1].kept,)))
        else:
            passages.append(Passage(context.read_text(piece)))
    textless, fallback = context.fork(), user_pieces(TEXTLESS, len(images))[-1]
    hidden, decisions = context.ask(opened(question))
    full = row_of([*passages, Passage(hidden)], context.trace.views, references)
    hidden, _ = textless.ask(opened(fallback), decisions)
    return Rows(full, row_of([*passages, Passage(hidden)], textless.trace.views, references), empty)


def require_order(images: Sequence[Image.Image], instruction: str, plan: Plan) -> None:
    """Raises `InputError` where an edit does not read its images before its instruction."""
    if not images:
        raise InputError("an edit needs at least one image")
    if plan.query == "text_first":
        raise InputError("an edit reads its image first; use query=image_end or query=deferred")
    if SLOT in instruction:
        raise InputError(f"an edit reads its images before its instruction, which can have no slots {SLOT}")


def generation_rows(context: Context, prompt: str, system: str) -> Rows:
    """The conversations of a drawing from text; without its text nothing is left of it."""
    context.parts.require_drawer()
    context.read_text(system_turn(system))
    empty = empty_row(context.fork())
    (text,) = user_pieces(prompt, 0)
    return Rows(row_of([Passage(context.read_text(opened(text)))], ()), empty, empty)


def empty_row(context: Context) -> Row:
    """The conversation about no image in particular."""
    (text,) = user_pieces(EMPTY, 0)
    return row_of([Passage(context.read_text(opened(text)))], ())


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

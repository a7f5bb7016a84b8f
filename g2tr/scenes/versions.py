"""The worlds that there are. A version never changes once its pictures have been used; what is new is a new version."""

from g2tr.errors import InputError
from g2tr.scenes import edits, pairs, questions, reading, reasoning
from g2tr.scenes.world import World

V1 = World(
    "v1",
    sizes=((224, 224),),
    edit_sizes=((224, 224),),
    textures=("plain", "stripes", "checks", "ramp", "dots"),
    asks=(
        questions.exist,
        questions.color,
        questions.shape,
        questions.at,
        questions.countshape,
        questions.countcolor,
        questions.digit,
        questions.relation,
        questions.size,
        questions.bg,
    ),
    changes=(
        edits.recolor,
        edits.remove,
        edits.add,
        edits.move,
        edits.reshape,
        edits.bg,
        edits.digit,
        edits.resize,
    ),
)

# Sides are multiples of 56 px, the least common multiple of ViT patches and VAE blocks; the images that are edited
# also keep a latent patch of 16 px whole, so that no model has to rescale the picture or its target.
V2 = World(
    "v2",
    sizes=((168, 168), (224, 224), (224, 336), (280, 280), (336, 224)),
    edit_sizes=((224, 224), (224, 336), (336, 224)),
    textures=("checks", "clouds", "blobs", "planes", "grain", "leaves"),
    asks=(*V1.asks, reading.word, reading.code, reading.more, reading.closest, reading.largest),
    changes=(
        *V1.changes,
        reasoning.removelargest,
        reasoning.clear,
        reasoning.swap,
        reasoning.side,
        reasoning.rewrite,
    ),
    compares=(pairs.same, pairs.missing, pairs.surplus, pairs.which),
    density=(0.5, 0.8),
    palette=(5, 5),
    jitter=20,
    small=(11, 15),
    large=(20, 27),
    signs=(1, 3),
    clutter=(0.2, 0.9),
    visible=0.5,
)


def world(version: str) -> World:
    """The world of this version. Raises `InputError` where there is none."""
    worlds = {each.version: each for each in (V1, V2)}
    if version not in worlds:
        raise InputError(f"unknown scenes version {version!r}; there are {', '.join(worlds)}")
    return worlds[version]

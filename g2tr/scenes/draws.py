"""Draws edits and questions about two images, one for each generator, until each fits its scenes."""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeVar

from g2tr.scenes.edits import Change, Edit
from g2tr.scenes.pairs import Compare, Pair
from g2tr.scenes.scene import Scene, Size
from g2tr.scenes.visible import settled
from g2tr.scenes.world import World

TRIES = 8
Found = TypeVar("Found")


class Drawn(NamedTuple):
    """A scene and an edit of it."""

    before: Scene
    edit: Edit


def draw_edits(on: World, rngs: Sequence[Random], sizes: Sequence[Size], changes: Sequence[Change]) -> list[Drawn]:
    """An edit of the type beside each generator, after which enough of every thing can still be seen.

    Where a scene allows none, another scene is drawn.
    """

    def attempt(open_: list[int]) -> dict[int, Drawn]:
        scenes = on.scenes([rngs[i] for i in open_], [sizes[i] for i in open_])
        tried = {i: try_edit(changes[i], scene, rngs[i]) for i, scene in zip(open_, scenes, strict=True)}
        found = {i: drawn for i, drawn in tried.items() if drawn}
        fits = settled([drawn.edit.scene for drawn in found.values()], on.visible)
        return {i: drawn for (i, drawn), fit in zip(found.items(), fits, strict=True) if fit}

    return repeat(attempt, len(rngs))


def try_edit(change: Change, scene: Scene, rng: Random) -> Drawn | None:
    """An edit of this type, if the scene allows one in a few tries."""
    edits = (change(scene, rng) for _ in range(TRIES))
    edit = next((edit for edit in edits if edit), None)
    return Drawn(scene, edit) if edit else None


def draw_pairs(on: World, rngs: Sequence[Random], sizes: Sequence[Size], compares: Sequence[Compare]) -> list[Pair]:
    """A question about two images, of the type beside each generator."""

    def attempt(open_: list[int]) -> dict[int, Pair]:
        chances, wanted = [rngs[i] for i in open_], [sizes[i] for i in open_]
        scenes = zip(on.scenes(chances, wanted), on.scenes(chances, wanted), strict=True)
        tried = {i: compares[i](*both, rngs[i]) for i, both in zip(open_, scenes, strict=True)}
        return {i: pair for i, pair in tried.items() if pair}

    return repeat(attempt, len(rngs))


def repeat(attempt: Callable[[list[int]], dict[int, Found]], count: int) -> list[Found]:
    """The finds for 0 … count - 1; `attempt` is given those still open and returns some of them."""
    done: dict[int, Found] = {}
    while len(done) < count:
        done.update(attempt([i for i in range(count) if i not in done]))
    return [done[i] for i in range(count)]

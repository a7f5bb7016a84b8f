"""A request of lmms-eval, read and checked."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image

from g2tr.errors import InputError

DEFAULT_MAX_TOKENS = 1024
FEW_SHOT_DELIMITER = "\n\n"  # what lmms-eval puts into `until` where a task names none; its own models pass over it


@dataclass(frozen=True)
class Request:
    """One question or instruction. `load` reads its images, which are not kept: there may be thousands."""

    place: str
    prompt: str
    settings: Mapping[str, Any]
    load: Callable[[], Sequence[object] | None]

    @classmethod
    def of(cls, arguments: Sequence[Any], documents: Mapping[str, Any]) -> "Request":
        """From the arguments of an lmms-eval instance and its data sets, by task and split."""
        context, settings, visuals, document, task, split = arguments
        place = f"{task}-{document}"
        prompt = context.replace("<image>", "").strip()
        if not prompt:
            raise InputError(f"{place}: empty prompt: the model needs at least one word to answer or to follow")
        return cls(place, prompt, settings, partial(read_visuals, visuals, documents[task][split], document))

    @property
    def max_tokens(self) -> int:
        """Most tokens of an answer."""
        return int(self.settings.get("max_new_tokens", DEFAULT_MAX_TOKENS))

    @property
    def samples(self) -> bool:
        """Whether the task wants anything but greedy decoding."""
        wanted = self.settings.get
        beams = int(wanted("num_beams") or 1)
        return bool(wanted("do_sample")) or float(wanted("temperature") or 0) > 0 or beams > 1

    def images(self) -> list[Image.Image]:
        """The images, in order. Raises `InputError` where there is none, or anything else."""
        images = []
        for visual in self.load() or []:
            if not isinstance(visual, Image.Image):
                kind = type(visual).__name__
                raise InputError(f"{self.place}: g2tr reads images (PIL), no video, audio or file path; got a {kind}")
            images.append(visual)
        if not images:
            raise InputError(f"{self.place}: no image; g2tr reduces visual tokens, a request must show one at least")
        return images

    def key(self) -> str:
        """Equal for requests that can be answered together: the same images, as many tokens."""
        digest = hashlib.sha1(str(self.max_tokens).encode(), usedforsecurity=False)
        for image in self.images():
            digest.update(str(image.size).encode() + image.convert("RGBA").tobytes())
        return digest.hexdigest()

    def cut(self, answer: str) -> str:
        """The answer up to the first string of `until`."""
        until = self.settings.get("until", [])
        for end in [until] if isinstance(until, str) else until:
            if end not in ("", FEW_SHOT_DELIMITER):
                answer = answer.split(end)[0]
        return answer


def read_visuals(visuals: Callable[[Any], Sequence[object] | None], split: Any, document: Any) -> Any:  # noqa: ANN401
    """The visuals of a document, read from its data set anew."""
    return visuals(split[document])

"""What a thinking model says before its answer."""

TAGS = (("<think>", "</think>"), ("<analysis>", "</analysis>"))


def without_reasoning(answer: str) -> str:
    """The answer without blocks of reasoning, as lmms-eval (0.7.3, `reasoning_tags`) scores it by default.

    A lone closing tag keeps what follows it; a block that is not closed stays, since nothing follows it.
    """
    for opening, closing in TAGS:
        while opening in answer and closing in answer[answer.index(opening) :]:
            start = answer.index(opening)
            answer = answer[:start] + answer[answer.index(closing, start) + len(closing) :]
        if opening not in answer:
            answer = answer.rsplit(closing, 1)[-1]
    return answer.strip()


def is_cut(answer: str) -> bool:
    """Whether an answer ends inside a block of reasoning."""
    return any(answer.rfind(opening) > answer.rfind(closing) for opening, closing in TAGS)

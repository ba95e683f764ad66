"""What the names of tags tell: which ones are losses, schedules or times, and which belong together."""

from __future__ import annotations

import functools
import re

_LOSS = re.compile(r"(^|[^a-z])(loss|losses|nll|perplexity|ppl|mse|rmse|mae|error|cross_?entropy)($|[^a-z])")
_SCHEDULE = re.compile(
    r"(^|[^a-z])(lr|learning_?rate|momentum|beta|weight_?decay|epochs?|steps?|temperature|schedule\w*)($|[^a-z])"
)
_TIME = re.compile(
    r"(^|[^a-z])(times?|seconds|secs?|ms|latency|duration|fps|throughput|speed|samples_per|steps_per|it_?s|memory|mem|gpu"
    r"|cpu|disk|network|eta)($|[^a-z])"
)
_TRAIN = re.compile(r"(?<![a-z])(training|train|trn)(?![a-z])", re.IGNORECASE)
_VALIDATION = re.compile(r"(?<![a-z])(validation|valid|val|evaluation|eval|test|dev)(?![a-z])", re.IGNORECASE)

TRAIN, VALIDATION = "train", "validation"


def _lower(tag: str) -> str:
    """Return a tag in lower case, words of camel case apart."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", tag).lower()


@functools.lru_cache(4096)
def is_loss(tag: str) -> bool:
    """Whether less is better, by its name."""
    return _LOSS.search(_lower(tag)) is not None


@functools.lru_cache(4096)
def may_leap(tag: str) -> bool:
    """Whether a sudden change is ordinary: of schedules, and of how long something takes."""
    name = _lower(tag)
    return _SCHEDULE.search(name) is not None or _TIME.search(name) is not None


def role_of(run: str, tag: str) -> tuple[str, tuple[str, str]] | None:
    """Return whether a tag is one of training or of validation, and what both have in common; None for neither.

    The name that tells is that of the tag, or else that of the run.
    """
    for name, key in ((tag, lambda rest: (run, rest)), (run, lambda rest: (rest, tag))):
        found = [
            (match.start(), match.end(), role)
            for role, pattern in ((TRAIN, _TRAIN), (VALIDATION, _VALIDATION))
            for match in pattern.finditer(name)
        ]
        if found:
            start, end, role = max(found)
            return role, key(f"{name[:start]}*{name[end:]}")
    return None

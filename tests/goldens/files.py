"""The golden files and what is compared with them."""

from __future__ import annotations

from pathlib import Path

from .cases import CASES, NOT_COMPARED
from .render import render

DIRECTORY = Path(__file__).resolve().parent / "summaries"


def path_of(name: str) -> Path:
    return DIRECTORY / f"{name}.txt"


def recorded_names() -> set[str]:
    return {path.relative_to(DIRECTORY).with_suffix("").as_posix() for path in DIRECTORY.rglob("*.txt")}


def rendered(name: str) -> str:
    """Return the text of the Summary that the encoder makes now."""
    data = CASES[name]().SerializeToString()
    return render(data, compare_pixels=name not in NOT_COMPARED)

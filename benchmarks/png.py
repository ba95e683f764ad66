"""Measures the PNG encoder beside Pillow's: `PYTHONPATH=src python -m benchmarks.png` prints a table.

Both encode the seven pictures in turn, in one thread. Times are processor time, the median over the rounds, so that
other programs on the machine hardly show. Both take an array of shape (H, W, C) and return the bytes of the file.
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.pictures import PICTURES, SIDE, picture

Encoder = Callable[[np.ndarray], bytes]


def _by_pillow(pixels: np.ndarray) -> bytes:
    from PIL import Image

    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "PNG")
    return output.getvalue()


def _timed(encode: Encoder, pixels: np.ndarray) -> tuple[float, int]:
    """Return seconds of processor time, and how many bytes came of it."""
    start = time.thread_time()
    data = encode(pixels)
    return time.thread_time() - start, len(data)


def _mean(ratios: list[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios)))


def table(side: int, rounds: int) -> list[str]:
    """Return lines of Markdown: bytes and milliseconds of both for each picture, and the ratios."""
    from tensorboardX.summary.png import encode_png

    encoders: list[Encoder] = [_by_pillow, encode_png]
    pictures = {name: picture(name, side) for name in PICTURES}
    found: dict[str, list[list[tuple[float, int]]]] = {name: [[], []] for name in pictures}
    for _ in range(rounds):
        for name, pixels in pictures.items():
            for results, encode in zip(found[name], encoders, strict=True):
                results.append(_timed(encode, pixels))
    lines = [
        f"| {side} x {side} | Pillow: bytes | ours: bytes | ours / Pillow | Pillow: ms | ours: ms | Pillow / ours |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    sizes, speeds = [], []
    for name, (theirs, ours) in found.items():
        seconds = [statistics.median(time for time, _ in results) for results in (theirs, ours)]
        nbytes = theirs[0][1], ours[0][1]
        sizes.append(nbytes[1] / nbytes[0])
        speeds.append(seconds[0] / seconds[1])
        times = " | ".join(f"{1000 * each:.2f}" for each in seconds)
        lines.append(f"| {name} | {nbytes[0]:,} | {nbytes[1]:,} | {sizes[-1]:.3f} | {times} | {speeds[-1]:.1f} |")
    return [*lines, f"| geometric mean | | | {_mean(sizes):.3f} | | | {_mean(speeds):.1f} |"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.png", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--side", type=int, action="append", help=f"pixels; may be repeated (default: {SIDE} and 1024)")
    options = parser.parse_args()
    for side in options.side or [SIDE, 1024]:
        print(*table(side, options.rounds), "", sep="\n")


if __name__ == "__main__":
    main()

"""`tensorboardx tail -f --svg`: the frames of the recording, and when each is visible."""

from __future__ import annotations

import re
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from command_line import COMMAND

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes, recording
from tensorboardX.cli.curves import Curves
from tensorboardX.cli.picture import picture
from tensorboardX.reader import Columns, open_logdir

SVG = "{http://www.w3.org/2000/svg}"


def frames(path: Path) -> list[str]:
    """The text of each frame, a line for each element."""
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    groups = [group for group in root.iter(f"{SVG}g") if group.get("class") == "frame"]
    return ["\n".join(element.text or "" for element in group.iter(f"{SVG}text")) for group in groups]


def points(frame: str) -> int:
    found = re.search(r"([\d,]+)\s+points", frame)
    assert found, frame
    return int(found[1].replace(",", ""))


def dots(frame: str) -> int:
    """How many dots of curves are drawn."""
    return sum((ord(character) - 0x2800).bit_count() for character in frame if "\u2800" < character <= "\u28ff")


def visible(path: Path) -> list[tuple[float, float]]:
    """From which and to which percent of the time each frame is visible."""
    found = re.findall(r"@keyframes f\d+ \{ (.*?) \}\n", path.read_text(encoding="utf-8"))
    shares = [re.findall(r"([\d.]+)% \{ visibility: (\w+)", rule) for rule in found]
    begins = [next(float(share) for share, state in steps if state == "visible") for steps in shares]
    ends = [float(share) for steps in shares for share, state in steps[1:] if state == "hidden"]
    return list(zip(begins, [*ends, 100.0], strict=True))


def start(logdir: Path, path: Path, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, "tail", "-f", str(logdir), "--svg", str(path), "--interval", "0.05", *options])


def test_a_training_that_is_followed(tmp_path):
    with SummaryWriter(str(tmp_path / "runs/first")) as writer:
        writer.add_scalar("train/loss", 1.0, 0)
        writer.flush()
        process = start(tmp_path / "runs", tmp_path / "tail.svg", "--timeout", "4")
        for step in range(1, 120):
            writer.add_scalar("train/loss", 0.98**step, step)
            writer.flush()
            time.sleep(0.1)
    assert process.wait(60) == exit_codes.OK
    drawn = frames(tmp_path / "tail.svg")
    counts = [points(frame) for frame in drawn]
    assert 5 < len(drawn) <= 30
    assert counts == sorted(set(counts))
    assert counts[-1] == 120
    assert dots(drawn[-1]) > dots(drawn[len(drawn) // 2]) > dots(drawn[0])
    shown = visible(tmp_path / "tail.svg")
    assert len(shown) == len(drawn)
    assert shown[0][0] == 0
    assert all(end == begin for (_, end), (begin, _) in pairwise(shown))
    assert all(begin < end for begin, end in shown)


def test_an_interrupted_recording_is_written(tmp_path):
    with SummaryWriter(str(tmp_path / "runs")) as writer:
        writer.add_scalar_series("loss", [3.0, 2.0, 1.0])

    def interrupted() -> Iterator[Columns]:
        yield open_logdir(tmp_path / "runs").scalars()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recording.record(interrupted(), str(tmp_path / "tail.svg"))
    assert [points(frame) for frame in frames(tmp_path / "tail.svg")] == [3]


def test_a_long_recording_has_few_frames_the_last_among_them(tmp_path):
    with SummaryWriter(str(tmp_path / "runs")) as writer:
        writer.add_scalar_series("loss", [1.0] * 1000)
    scalars = open_logdir(tmp_path / "runs").scalars()
    curves, taken = Curves(), recording.Recording()
    for second in range(1000):
        curves.add(Columns({name: column[second : second + 1] for name, column in scalars.items()}, "scalars"))
        taken.add(60.0 * second, picture(curves, 60, 12))
    path = tmp_path / "long.svg"
    path.write_text(taken.svg(), encoding="utf-8")
    counts = [points(frame) for frame in frames(path)]
    assert 15 <= len(counts) <= 30
    assert counts == sorted(set(counts))
    assert (counts[0], counts[-1]) == (1, 1000)
    gaps = [end - begin for begin, end in visible(path)[:-2]]
    assert max(gaps) < 5 * min(gaps)
    assert "animation: f0 23.00s" in path.read_text(encoding="utf-8")  # at most 20 seconds, and the last frame

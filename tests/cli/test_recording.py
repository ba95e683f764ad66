"""`tensorboardx tail -f --svg`: the frames of the recording, and when each is visible."""

from __future__ import annotations

import re
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest

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


def test_the_command_records_what_it_follows(runs, command, tmp_path):
    path = tmp_path / "tail.svg"
    done = command("tail", "-f", runs, "--svg", path, "--timeout", "0.1", "--interval", "0.05")
    assert (done.code, done.out) == (exit_codes.OK, "")
    assert points(frames(path)[-1]) == 402


def test_a_training_that_is_followed(tmp_path):
    steps = iter(range(120))
    with SummaryWriter(str(tmp_path / "runs/first")) as writer:

        def train() -> bool:
            some = [*islice(steps, 10)]
            writer.add_scalar_series("train/loss", [0.98**step for step in some], some)
            writer.flush()
            return bool(some)

        def followed() -> Iterator[Columns]:
            stop = threading.Event()
            for batch in open_logdir(tmp_path / "runs").follow(interval=0.01, stop=stop):
                yield batch
                if not train():
                    stop.set()

        train()
        assert recording.record(followed(), str(tmp_path / "tail.svg")) == exit_codes.OK
    drawn = frames(tmp_path / "tail.svg")
    counts = [points(frame) for frame in drawn]
    assert counts == [*range(10, 121, 10)]
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
        writer.add_scalar_series("loss", [1.0] * 300)
    scalars = open_logdir(tmp_path / "runs").scalars()
    curves, taken = Curves(), recording.Recording()
    for second in range(300):
        curves.add(Columns({name: column[second : second + 1] for name, column in scalars.items()}, "scalars"))
        taken.add(60.0 * second, picture(curves, 60, 12))
    path = tmp_path / "long.svg"
    path.write_text(taken.svg(), encoding="utf-8")
    counts = [points(frame) for frame in frames(path)]
    assert 15 <= len(counts) <= 30
    assert counts == sorted(set(counts))
    assert (counts[0], counts[-1]) == (1, 300)
    gaps = [end - begin for begin, end in visible(path)[:-2]]
    assert max(gaps) < 5 * min(gaps)
    assert "animation: f0 23.00s" in path.read_text(encoding="utf-8")  # at most 20 seconds, and the last frame

"""`tensorboardx images`, `audio`, `text` and `figures`: files below one directory, and never outside of it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes, media_files
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.proto.types_pb2 import DT_STRING
from tensorboardX.records.framing import frame

EVERYTHING = {"images": 0, "audio": 0, "tensors": 0}


def write_events(path: Path, *values: Summary.Value) -> None:
    """Write a file with one Event for each value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    events = [Event(wall_time=1.0, step=step, summary=Summary(value=[value])) for step, value in enumerate(values)]
    path.write_bytes(b"".join(frame(event.SerializeToString()) for event in events))


def image(tag: str, data: bytes = b"\x89PNG data") -> Summary.Value:
    return Summary.Value(tag=tag, image=Summary.Image(width=1, height=1, encoded_image_string=data))


def files_below(directory: Path) -> dict[str, bytes]:
    """The content of each file, by its path."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_bytes_are_those_that_event_accumulator_reads(runs, command, tmp_path):
    out = tmp_path / "out"
    for verb in ("images", "audio", "text"):
        content = command(verb, runs, "--out", out, "--run", "rate0.1", "--json").json(verb)
        [written] = content["files"]
        assert Path(written["path"]).stat().st_size == written["bytes"]
        assert (written["run"], written["step"]) == ("rate0.1", 99)
    events = EventAccumulator(str(runs / "rate0.1"), EVERYTHING).Reload()
    assert files_below(out) == {
        "rate0.1/picture/step00000099.png": events.Images("picture")[0].encoded_image_string,
        "rate0.1/sound/step00000099.wav": events.Audio("sound")[0].encoded_audio_string,
        "rate0.1/note/text_summary/step00000099.md": b"rate 0.1",
    }


def test_a_line_says_what_was_written(runs, command, tmp_path):
    done = command("images", runs, "--out", tmp_path / "out")
    assert done.code == exit_codes.OK
    assert done.out.startswith("2 files of ")
    done = command("images", runs, "--out", tmp_path / "out", "--tag", "nothing")
    assert (done.code, done.out) == (exit_codes.NOT_FOUND, f"0 files of 0 B in {tmp_path}/out\n")


@pytest.mark.parametrize(
    "tag",
    [
        "../../evil",
        "/etc/evil",
        "a/../../../evil",
        "..",
        "",
        ".",
        "a\\..\\..\\evil",
        "C:evil",
        "a\0b",
        "x" * 5000,
        "nul",
    ],
)
def test_no_tag_leads_out_of_the_directory(tag, command, tmp_path):
    write_events(tmp_path / "run" / "tfevents", image(tag))
    before = files_below(tmp_path)
    assert command("images", tmp_path / "run", "--out", tmp_path / "a" / "out").code == exit_codes.OK
    new = set(files_below(tmp_path)) - set(before)
    assert len(new) == 1
    assert all(path.startswith("a/out/") for path in new)


def test_values_that_would_have_one_name_get_two(command, tmp_path):
    tags = ["a b", "a:b", "a?b", "A:B", "a/b", "a//b", "x", "x/step00000001.png"]
    values = [image(tag, b"\x89PNG" + bytes([number])) for number, tag in enumerate(tags)]
    path = tmp_path / "run" / "tfevents"
    write_events(path, *values)
    records = [
        frame(Event(wall_time=1, step=1, summary=Summary(value=[value])).SerializeToString()) for value in values
    ]
    path.write_bytes(b"".join(records))
    content = command("images", tmp_path / "run", "--out", tmp_path / "out", "--json").json("images")
    paths = [each["path"] for each in content["files"]]
    assert len({path.casefold() for path in paths}) == len(tags)
    assert sorted(files_below(tmp_path / "out").values()) == [b"\x89PNG" + bytes([n]) for n in range(len(tags))]


def test_the_suffix_is_that_of_the_data(command, tmp_path):
    pixels = np.zeros((8, 8, 3), np.uint8)
    encoded = {}
    for name in ("PNG", "JPEG", "GIF", "WEBP"):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, name)
        encoded[name] = buffer.getvalue()
    write_events(tmp_path / "run" / "tfevents", *(image("p", data) for data in [*encoded.values(), b"something"]))
    command("images", tmp_path / "run", "--out", tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out" / "p").iterdir())
    assert names == [f"step0000000{n}.{suffix}" for n, suffix in enumerate(("png", "jpg", "gif", "webp", "bin"))]


def test_several_texts_of_one_value(command, tmp_path):
    value = Summary.Value(tag="note", tensor=TensorProto(dtype=DT_STRING, string_val=[b"one", "zwölf".encode()]))
    value.tensor.tensor_shape.dim.add(size=2)
    value.metadata.plugin_data.plugin_name = "text"
    write_events(tmp_path / "run" / "tfevents", value)
    command("text", tmp_path / "run", "--out", tmp_path / "out")
    assert files_below(tmp_path / "out") == {
        "note/step00000000-0.md": b"one",
        "note/step00000000-1.md": "zwölf".encode(),
    }


def test_a_large_run_is_read_a_tag_at_a_time(runs, command, tmp_path, monkeypatch):
    with SummaryWriter(str(runs / "rate0.1"), filename_suffix=".2") as writer:
        writer.add_image("other", np.zeros((3, 8, 8)), 1)
    assert command("images", runs, "--out", tmp_path / "whole").code == exit_codes.OK
    monkeypatch.setattr(media_files, "_MOST_AT_ONCE", 1)
    assert command("images", runs, "--out", tmp_path / "parts").code == exit_codes.OK
    assert files_below(tmp_path / "whole") == files_below(tmp_path / "parts")
    assert len(files_below(tmp_path / "parts")) == 3


def test_a_directory_that_cannot_be_made(runs, command, tmp_path):
    (tmp_path / "file").write_text("")
    done = command("images", runs, "--out", tmp_path / "file")
    assert done.code == exit_codes.FAILED
    assert done.err.startswith("tensorboardx: ")


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_figures_draw_each_tag(form, runs, command, tmp_path):
    out = tmp_path / "out"
    content = command("figures", runs, "--out", out, "--format", form, "--log", "--json").json("figures")
    assert [(each["tag"], each["runs"]) for each in content["files"]] == [
        (tag, ["rate0.1", "rate0.5"]) for tag in ("train/loss", "train/accuracy", "final")
    ]
    drawn = files_below(out)
    assert sorted(drawn) == [f"final.{form}", f"train/accuracy.{form}", f"train/loss.{form}"]
    assert {each["path"]: each["bytes"] for each in content["files"]} == {
        str(out / name): len(data) for name, data in drawn.items()
    }
    if form == "png":
        with Image.open(io.BytesIO(drawn["train/loss.png"])) as picture:
            assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_figures_of_names_that_matplotlib_takes_for_something_else(command, tmp_path):
    for run in ("_private", "$x$"):
        with SummaryWriter(str(tmp_path / "runs" / run)) as writer:
            writer.add_scalar_series("loss", [1.0, np.nan, np.inf])
    write_events(tmp_path / "runs" / "a" / "tfevents", Summary.Value(tag="$\\frac{", simple_value=1.0))
    done = command("figures", tmp_path / "runs", "--out", tmp_path / "out", "--format", "svg")
    assert done.code == exit_codes.OK
    assert len(files_below(tmp_path / "out")) == 2


def test_figures_without_matplotlib_say_what_to_install(runs, command, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = command("figures", runs, "--out", tmp_path / "out")
    assert done.code == exit_codes.MISSING_EXTRA
    assert "pip install 'tensorboardX[figure]'" in done.err

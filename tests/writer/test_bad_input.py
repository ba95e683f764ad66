"""Values that cannot be logged: the error names the tag, and the file holds nothing of them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import stock

from tensorboardX import SummaryWriter
from tensorboardX.errors import TensorBoardXError

TAG = "group/bad"
PIXELS = np.zeros((3, 4, 4))
BOXES = np.zeros((1, 4))

Call = Callable[[SummaryWriter], Any]

CALLS: dict[str, tuple[type[Exception], Call]] = {
    "scalar of three elements": (ValueError, lambda w: w.add_scalar(TAG, [1, 2, 3], 0)),
    "scalar array of three elements": (ValueError, lambda w: w.add_scalar(TAG, np.ones(3), 0)),
    "scalar tensor of three elements": (ValueError, lambda w: w.add_scalar(TAG, torch.ones(3), 0)),
    "scalar of no element": (ValueError, lambda w: w.add_scalar(TAG, [], 0)),
    "string scalar": (TypeError, lambda w: w.add_scalar(TAG, "0.5", 0)),
    "None scalar": (TypeError, lambda w: w.add_scalar(TAG, None, 0)),
    "complex scalar": (ValueError, lambda w: w.add_scalar(TAG, 1j, 0)),
    "huge scalar": (ValueError, lambda w: w.add_scalar(TAG, 10**400, 0)),
    "meta scalar": (TypeError, lambda w: w.add_scalar(TAG, torch.empty((), device="meta"), 0)),
    "named string scalar": (TypeError, lambda w: w.add_scalar(TAG, "0.5", 0, display_name="Name")),
    "scalars with a string": (TypeError, lambda w: w.add_scalars(TAG, {"good": 1.0, "x": "1"}, 0)),
    "scalars that are a list": (TypeError, lambda w: w.add_scalars(TAG, [1.0], 0)),
    "image of wrong rank": (ValueError, lambda w: w.add_image(TAG, PIXELS[0], 0)),
    "image with wrong dataformats": (ValueError, lambda w: w.add_image(TAG, PIXELS, 0, dataformats="CHWX")),
    "image with five channels": (ValueError, lambda w: w.add_image(TAG, np.zeros((5, 4, 4)), 0)),
    "image without pixels": (ValueError, lambda w: w.add_image(TAG, np.zeros((3, 0, 4)), 0)),
    "image of strings": (TypeError, lambda w: w.add_image(TAG, np.full((3, 4, 4), "a"), 0)),
    "image that is a path": (TypeError, lambda w: w.add_image(TAG, "picture.png", 0)),
    "images of wrong rank": (ValueError, lambda w: w.add_images(TAG, PIXELS, 0)),
    "images of two shapes": (ValueError, lambda w: w.add_images(TAG, [PIXELS, PIXELS[:, 1:]], 0, dataformats="CHW")),
    "boxes of wrong shape": (ValueError, lambda w: w.add_image_with_boxes(TAG, PIXELS, BOXES[0], 0)),
    "box at NaN": (ValueError, lambda w: w.add_image_with_boxes(TAG, PIXELS, BOXES * math.nan, 0)),
    "boxes with a factor of zero": (ValueError, lambda w: w.add_image_with_boxes(TAG, PIXELS, BOXES, 0, rescale=0)),
    "histogram of strings": (TypeError, lambda w: w.add_histogram(TAG, np.array(["a", "b"]), 0)),
    "histogram of a string": (TypeError, lambda w: w.add_histogram(TAG, "abc", 0)),
    "histogram of complex numbers": (TypeError, lambda w: w.add_histogram(TAG, [1j], 0)),
    "histogram of ragged lists": (ValueError, lambda w: w.add_histogram(TAG, [[1], [1, 2]], 0)),
    "histogram with unknown bins": (ValueError, lambda w: w.add_histogram(TAG, [1.0], 0, bins="magic")),
    "histogram with falling edges": (ValueError, lambda w: w.add_histogram(TAG, [1.0], 0, bins=[2, 1])),
    "histogram with no bins left": (ValueError, lambda w: w.add_histogram(TAG, [1.0], 0, max_bins=0)),
    "raw histogram of two lengths": (
        ValueError,
        lambda w: w.add_histogram_raw(TAG, 0, 1, 2, 1, 1, [0.5, 1.0], [2], 0),
    ),
    "text that is a number": (TypeError, lambda w: w.add_text(TAG, 3, 0)),
    "text that is bytes": (TypeError, lambda w: w.add_text(TAG, b"text", 0)),
}

KINDS: dict[str, Callable[..., Any]] = {
    "scalar": lambda w, tag, *at: w.add_scalar(tag, 0.5, *at),
    "integer": lambda w, tag, *at: w.add_scalar(tag, 1, *at),
    "named scalar": lambda w, tag, *at: w.add_scalar(tag, 0.5, *at, display_name="Name"),
    "scalars": lambda w, tag, *at: w.add_scalars(tag, {"a": 0.5}, *at),
    "histogram": lambda w, tag, *at: w.add_histogram(tag, [0.5], *at[:1], walltime=(at + (None, None))[1]),
    "image": lambda w, tag, *at: w.add_image(tag, PIXELS, *at),
    "boxes": lambda w, tag, *at: w.add_image_with_boxes(tag, PIXELS, BOXES, *at),
    "text": lambda w, tag, *at: w.add_text(tag, "text", *at),
}

STEPS = {"text": ("ten", TypeError), "list": ([1, 2], TypeError), "nan": (math.nan, ValueError)}
STEPS |= {"inf": (math.inf, ValueError), "beyond int64": (2**63, ValueError), "dict": ({}, TypeError)}
TIMES = {"text": ("now", TypeError), "nan": (math.nan, ValueError), "inf": (math.inf, ValueError)}


@pytest.fixture
def logdir(tmp_path) -> Path:
    return tmp_path / "run"


def _refuses(logdir: Path, error: type[Exception], message: str, call: Call) -> None:
    """The call raises, and of everything logged before and after it the files hold just that."""
    writer = SummaryWriter(str(logdir))
    writer.add_scalar("before", 0.25, 1)
    with pytest.raises(error, match=message) as caught:
        call(writer)
    assert isinstance(caught.value, TensorBoardXError)
    writer.flush()
    writer.add_scalar("after", 0.75, 2)
    writer.close()
    [(run, events)] = stock.events(logdir).items()
    assert run == "."
    assert events[0].file_version == "brain.Event:2"
    assert [(value.tag, value.simple_value) for event in events[1:] for value in event.summary.value] == [
        ("before", 0.25),
        ("after", 0.75),
    ]
    assert len(events) == 3
    assert writer.stats.failed == writer.stats.dropped == 0


@pytest.mark.parametrize("name", CALLS)
def test_a_bad_value_is_refused_with_its_tag(logdir, name):
    error, call = CALLS[name]
    _refuses(logdir, error, re.escape(TAG), call)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tag", [None, 3, b"loss", ["loss"]], ids=repr)
def test_a_tag_that_is_no_string_is_refused(logdir, kind, tag):
    _refuses(logdir, TypeError, re.escape(repr(tag)), lambda writer: KINDS[kind](writer, tag, 0))


def test_a_key_that_is_no_string_is_refused(logdir):
    _refuses(logdir, TypeError, "tag 3", lambda writer: writer.add_scalars("main", {"good": 1.0, 3: 2.0}, 0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_cannot_be_is_refused(logdir, kind, name):
    step, error = STEPS[name]
    _refuses(logdir, error, "global_step: got", lambda writer: KINDS[kind](writer, TAG, step))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TIMES)
def test_a_wall_time_that_cannot_be_is_refused(logdir, kind, name):
    walltime, error = TIMES[name]
    _refuses(logdir, error, "walltime: got", lambda writer: KINDS[kind](writer, TAG, 0, walltime))


def test_a_figure_that_is_none_is_refused(logdir):
    pytest.importorskip("matplotlib")
    _refuses(logdir, TypeError, "figure", lambda writer: writer.add_figure(TAG, PIXELS, 0))


@pytest.mark.parametrize("write_to_disk", [True, False])
def test_bad_values_are_refused_where_nothing_is_written_too(logdir, write_to_disk):
    with SummaryWriter(str(logdir), write_to_disk=write_to_disk) as writer:
        for error, call in CALLS.values():
            with pytest.raises(error, match=re.escape(TAG)):
                call(writer)
    assert logdir.exists() == write_to_disk


def _file_in_the_way(path: Path) -> Path:
    path.write_bytes(b"kept")
    return path


BAD_LOGDIRS = {
    "a file": _file_in_the_way,
    "below a file": lambda path: _file_in_the_way(path) / "run",
    "a null character": lambda path: f"{path}\0x",
    "a long name": lambda path: path / ("x" * 300),
    "a long path": lambda path: path / "/".join(["x" * 200] * 30),
    "a link to itself": lambda path: (path.symlink_to(path), path)[1],
    "below /dev/null": lambda path: "/dev/null/run",
}


@pytest.mark.parametrize("name", BAD_LOGDIRS)
def test_a_directory_that_cannot_be_raises_at_construction(tmp_path, name):
    logdir = BAD_LOGDIRS[name](tmp_path / "run")
    with pytest.raises(OSError, match="cannot log to") as caught:
        SummaryWriter(logdir)
    assert isinstance(caught.value, TensorBoardXError)
    assert caught.value.errno
    if name == "a file":
        assert logdir.read_bytes() == b"kept"


def test_a_directory_without_permission_raises_at_construction(tmp_path):
    tmp_path.chmod(0o500)
    try:
        (tmp_path / "probe").mkdir()
    except PermissionError:
        with pytest.raises(OSError, match=r"cannot log to.*Permission denied"):
            SummaryWriter(tmp_path / "run")
        with pytest.raises(OSError, match=r"cannot log to.*Permission denied"):
            SummaryWriter(tmp_path)
    else:
        pytest.skip("this user may write everywhere")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("logdir", [3, b"run", ["run"], 1.5], ids=repr)
def test_a_directory_that_is_no_path_is_refused(logdir):
    with pytest.raises(TypeError, match="logdir: got"):
        SummaryWriter(logdir)


@pytest.mark.parametrize("options", [{"on_full": "explode"}, {"on_error": "ignore"}, {"unknown": 1}], ids=str)
def test_options_that_cannot_be_are_refused(logdir, options):
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        SummaryWriter(str(logdir), **options)

"""`SummaryWriter.log`: one Event of scalars, every kind served, and nothing written of a call that is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from support import events, served

from tensorboardX import GlobalSummaryWriter, SummaryWriter

PICTURE = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6))


def figure():
    drawn = Figure(figsize=(1, 1))
    drawn.add_subplot().plot([1, 2])
    return drawn


def everything(step):
    numbers = {"int": step, "torch": torch.tensor([0.5]), "layers": {0: np.float32(2), 1: True}}
    media = {"text": f"step *{step}*", "figure": figure(), "picture": PICTURE, "table": None}
    return {"numbers": numbers, "media": media, "many": np.arange(step + 2.0)}


def test_the_scalars_of_a_call_are_one_event(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.log(everything(3), 3)
    found = [(event.step, [value.tag for value in event.summary.value]) for event in events.events(tmp_path)]
    scalars = ["numbers/int", "numbers/torch", "numbers/layers/0", "numbers/layers/1"]
    assert found[0] == (3, scalars)
    assert sorted(tags for _, tags in found[1:]) == [
        ["many"],
        ["media/figure"],
        ["media/picture"],
        ["media/text/text_summary"],
    ]
    assert {step for step, _ in found} == {3}
    assert len({event.wall_time for event in events.events(tmp_path)}) == 1
    assert [value for _, _, value in events.scalars(tmp_path)] == [3, 0.5, 2, 1]


def test_every_kind_is_served(tensorboard, tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.log(everything(step), step)
    tb = tensorboard(tmp_path)
    assert served.scalars(tb) == {
        ".": {
            "numbers/int": [(0, 0.0), (1, 1.0), (2, 2.0)],
            "numbers/torch": [(0, 0.5), (1, 0.5), (2, 0.5)],
            "numbers/layers/0": [(0, 2.0), (1, 2.0), (2, 2.0)],
            "numbers/layers/1": [(0, 1.0), (1, 1.0), (2, 1.0)],
        }
    }
    many = served.histograms(tb)["."]["many"]
    assert [(step, sum(count for _, _, count in buckets)) for step, buckets in many] == [(0, 2), (1, 3), (2, 4)]
    assert [step for step, _ in served.text(tb)["."]["media/text/text_summary"]] == [0, 1, 2]
    images = served.images(tb)["."]
    assert images.keys() == {"media/figure", "media/picture"}
    assert [step for step, _ in images["media/figure"][0]] == [0, 1, 2]
    for _, pixels in images["media/picture"][0]:
        np.testing.assert_array_equal(pixels if pixels.ndim == 2 else pixels[:, :, 0], np.asarray(PICTURE))


@pytest.mark.parametrize(
    "bad", [object(), torch.ones(2).to_sparse(), 1j, np.ones(2, complex), [PICTURE, PICTURE.resize((1, 1))]]
)
def test_nothing_of_a_refused_call_is_written(tmp_path, bad):
    values = {"first": 1.0, "text": "a", "many": [1, 2], "a": {"bad": bad}, "last": 2.0}
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises((TypeError, ValueError), match="tag 'a/bad'"):
            writer.log(values, 1)
        with pytest.raises(TypeError, match="global_step"):
            writer.log({"a": 1}, "no step")
    assert events.events(tmp_path) == []


def test_an_empty_dict_writes_nothing(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.log({"a": {"b": None}}, 1)
        writer.log({}, 2)
    assert events.events(tmp_path) == []


def test_step_and_time_of_a_block_and_of_the_call(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        with writer.use_metadata(global_step=7, walltime=5.0):
            writer.log({"a": 1, "b": "x"})
        writer.log({"a": 2, "b": "y"}, 8, walltime=6.0)
    assert [(event.step, event.wall_time) for event in events.events(tmp_path)] == [(7, 5), (7, 5), (8, 6), (8, 6)]


def test_the_settings_of_the_writer_hold(tmp_path):
    with SummaryWriter(tmp_path, image_format="JPEG") as writer:
        writer.default_bins = [0.0, 1.0, 2.0]
        writer.log({"h": [0.5, 1.5, 1.5], "i": PICTURE}, 0)
    values = {value.tag: value for _, value in events.values(tmp_path)}
    assert list(values["h"].histo.bucket) == [0, 1, 2]
    assert values["i"].image.encoded_image_string[:2] == b"\xff\xd8"


def test_values_may_be_changed_after_the_call(tmp_path):
    numbers, array = torch.ones(1), np.ones(100_000)
    with SummaryWriter(tmp_path) as writer:
        writer.log({"a": numbers, "b": array}, 0)
        numbers[0] = array[:] = 5
    values = {value.tag: value for _, value in events.values(tmp_path)}
    assert (values["a"].simple_value, values["b"].histo.max) == (1, 1)


def test_a_writer_that_writes_nothing_still_checks(tmp_path):
    with SummaryWriter(tmp_path / "run", write_to_disk=False) as writer:
        writer.log(everything(1), 1)
        with pytest.raises(TypeError, match="'a'"):
            writer.log({"a": object()}, 1)
    assert not (tmp_path / "run").exists()


def test_a_global_writer_counts_the_steps_of_each_tag(tmp_path):
    with GlobalSummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 0.0)
        writer.log({"a": 1.0, "b": {"c": 2.0, "text": "x"}, "h": [1, 2], "i": PICTURE})
        writer.log({"a": 3.0, "b": {"c": 4.0, "text": "y"}})
        writer.add_table("b/text", [{"x": 1}])
        with pytest.raises(TypeError, match="'d'"):
            writer.log({"a": 5.0, "d": object()})
        with pytest.raises(TypeError, match="'d'"):
            writer.log({"a": 5.0, "d": torch.ones(2).to_sparse()})
    assert events.scalars(tmp_path) == [("a", 0, 0.0), ("a", 1, 1.0), ("b/c", 0, 2.0), ("a", 2, 3.0), ("b/c", 1, 4.0)]
    steps = [(value.tag, step) for step, value in events.values(tmp_path) if not value.HasField("simple_value")]
    assert sorted(steps) == [
        ("b/text/text_summary", 0),
        ("b/text/text_summary", 1),
        ("b/text/text_summary", 2),
        ("h", 0),
        ("i", 0),
    ]

"""Runs that began again, resolved as TensorBoard's loaders do: its data server by steps, its Python loader by START."""

from __future__ import annotations

import numpy as np
import pytest
from event_files import scalar, start, version, write_records
from hypothesis import given, settings
from hypothesis import strategies as st
from stock_values import accumulated
from support import served

from tensorboardX import SummaryWriter
from tensorboardX.errors import InvalidValueError
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.reader import open_logdir
from tensorboardX.reader.restarts import is_last


def points(columns) -> list[tuple[str, int, float]]:
    return list(zip(columns["tag"].tolist(), columns["step"].tolist(), columns["value"].tolist(), strict=True))


def replayed(events: list[tuple[str | None, int]]) -> list[int]:
    """The indices of the points that are left, by playing the events one by one; no tag stands for START."""
    left: list[int] = []
    started = False
    for index, (tag, step) in enumerate(events):
        if tag is not None:
            left = [each for each in left if events[each][0] != tag or events[each][1] < step] + [index]
        elif started:
            left = [each for each in left if events[each][1] < step]
        started = started or tag is None
    return left


EVENTS = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(-3, 6)), max_size=30)


@settings(deadline=None, max_examples=300)
@given(EVENTS)
def test_what_is_left_is_what_playing_the_events_leaves(events):
    kept = [(index, tag, step) for index, (tag, step) in enumerate(events) if tag is not None]
    starts = [(index, step) for index, (tag, step) in enumerate(events) if tag is None]
    numbers = np.array(["abc".index(tag) for _, tag, _ in kept], np.int32)
    steps = np.array([step for *_, step in kept], np.int64)
    orders = np.array([index for index, *_ in kept], np.int64)
    assert orders[is_last(numbers, steps, orders, starts)].tolist() == replayed(events)


@settings(deadline=None, max_examples=50)
@given(st.lists(EVENTS, min_size=1, max_size=3))
def test_files_of_a_run_are_played_one_after_the_other(tmp_path_factory, files):
    directory = tmp_path_factory.mktemp("run")
    events, value = [], 0
    for number, of_file in enumerate(files):
        records = [version()]
        for tag, step in of_file:
            records.append(start(step) if tag is None else scalar(tag, step, value))
            if tag is not None:
                text = Summary(value=[Summary.Value(tag=tag, image=Summary.Image(height=value))])
                records.append(Event(step=step, summary=text))
            value += 1
        events += of_file
        write_records(directory / f"{number}.tfevents", *records)
    left = [(events[index][0], events[index][1], float(index)) for index in replayed(events)]
    logdir = open_logdir(directory)
    assert points(logdir.scalars(restarts="last")) == left
    assert logdir.images(restarts="last")["height"].tolist() == [int(value) for *_, value in left]
    everything = [(tag, step, float(index)) for index, (tag, step) in enumerate(events) if tag is not None]
    assert points(logdir.scalars()) == everything
    wanted = [point for point in left if 1 <= point[1] < 4]
    assert points(logdir.scalars(steps=slice(1, 4), restarts="last")) == wanted
    assert logdir.images(steps=slice(1, 4), restarts="last").rows == len(wanted)
    assert points(logdir.scalars(tags="a", restarts="last")) == [point for point in left if point[0] == "a"]


def crashed_and_resumed(directory, **options):
    for first, begin in ((0, 0), (60, 1)):
        with SummaryWriter(str(directory), **(options if begin else {})) as writer:
            for step in range(first, 100):
                writer.add_scalar("loss", begin, step)
                writer.add_scalar("other", begin, step)
            if not begin:
                writer.add_scalar("early", 0.0, 99)


def test_a_run_that_repeats_steps(tmp_path):
    crashed_and_resumed(tmp_path)
    columns = open_logdir(tmp_path).scalars(tags="loss", restarts="last")
    assert columns["step"].tolist() == list(range(100))
    assert columns["value"].tolist() == [0.0] * 60 + [1.0] * 40
    assert open_logdir(tmp_path).scalars().rows == 2 * (100 + 40) + 1
    assert open_logdir(tmp_path).scalars(tags="early", restarts="last").rows == 1


def test_purge_step_replaces_all_tags_as_in_the_python_loader(tmp_path):
    crashed_and_resumed(tmp_path, purge_step=60)
    assert open_logdir(tmp_path).scalars(tags="early", restarts="last").rows == 0
    stock = accumulated(tmp_path, purge=True)
    found = points(open_logdir(tmp_path).scalars(restarts="last"))
    for tag in ("loss", "other"):
        wanted = [(tag, event.step, event.value) for event in stock.Scalars(tag)]
        assert [point for point in found if point[0] == tag] == wanted


def test_stock_tensorboard_serves_what_is_left(tmp_path, tensorboard):
    crashed_and_resumed(tmp_path / "run", purge_step=60)
    found = open_logdir(tmp_path).scalars(tags=["loss", "other"], restarts="last")
    shown = served.scalars(tensorboard(tmp_path))["run"]
    for tag in ("loss", "other"):
        assert [(step, value) for name, step, value in points(found) if name == tag] == shown[tag]


@pytest.mark.parametrize("restarts", ["first", None, 1])
def test_no_other_way(tmp_path, restarts):
    for call in (open_logdir(tmp_path).scalars, open_logdir(tmp_path).images):
        with pytest.raises(InvalidValueError, match=r'restarts: got .*; accepted are "keep" and "last"'):
            call(restarts=restarts)

"""The same content in fewer bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader.event_files import scalar, version
from support import served
from surgery_runs import points, write_everything, write_old_records, write_run

from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import HistogramProto
from tensorboardX.reader import Records, open_logdir
from tensorboardX.surgery import compact
from tensorboardX.surgery.histograms import BINS, compact_histogram


def test_both_loaders_show_the_same(tmp_path, tensorboard):
    path = write_everything(tmp_path / "run", range(6))
    before, size = open_logdir(tmp_path), path.stat().st_size
    images = before.images()["data"].tolist()
    sums = before.histograms()["sum"].tolist()
    numbers = points(tmp_path)
    report = compact(tmp_path, in_place=True)
    assert points(tmp_path) == numbers
    assert report.bytes_after == path.stat().st_size < size
    after = open_logdir(tmp_path)
    assert after.images()["data"].tolist() == images
    assert after.histograms()["sum"].tolist() == sums
    tb = tensorboard(tmp_path)
    assert {tag: len(found) for tag, found in served.scalars(tb)["run"].items()} == {"loss": 6, "plain": 6}
    assert served.labels(tb, "scalars")["run"]["loss"][0] == "Loss"
    for _, buckets in served.histograms(tb)["run"]["weights"]:
        assert sum(count for *_, count in buckets) == pytest.approx(500)
    assert len(served.text(tb)["run"]["note/text_summary"]) == 6
    assert [step for step, _ in served.pr_curves(tb)["run"]["curve"]] == list(range(6))
    again = compact(tmp_path, dry_run=True)
    assert again.changed == 0


def test_one_event_a_step(tmp_path):
    path = write_run(tmp_path, range(5), tags=tuple(f"tag {number}" for number in range(10)))
    before = points(tmp_path)
    report = compact(tmp_path, in_place=True)
    assert (report.events_before, report.events_after) == (51, 6)
    assert report.bytes_after < report.bytes_before / 1.8
    assert points(tmp_path) == before
    assert [Event.FromString(record.data).step for record in Records(path)] == [0, *range(5)]
    assert {Event.FromString(record.data).wall_time for record in Records(path)} >= {1000.0, 1004.0}


def test_the_order_of_a_tag_and_what_is_between_stay(tmp_path):
    events = [scalar("a", 1, 1.0), scalar("a", 1, 2.0), scalar("b", 1, 3.0), scalar("b", 2, 4.0), scalar("a", 1, 5.0)]
    graph = Event(graph_def=b"x")
    path = write_old_records(tmp_path / "tfevents", version(), *events[:2], graph, *events[2:])
    compact(tmp_path, in_place=True)
    found = [Event.FromString(record.data) for record in Records(path)]
    tags = [[(value.tag, value.simple_value) for value in event.summary.value] for event in found]
    assert tags == [[], [("a", 1.0)], [("a", 2.0)], [], [("b", 3.0)], [("b", 4.0)], [("a", 5.0)]]


def test_a_step_of_many_tags_stays_in_records_that_readers_skip_cheaply(tmp_path):
    path = write_run(tmp_path, range(1), tags=tuple(f"tag {number}" for number in range(2000)))
    before = points(tmp_path)
    compact(tmp_path, in_place=True)
    lengths = [len(record.data) for record in Records(path)]
    assert max(lengths) < 16 << 10
    assert len(lengths) < 12
    assert points(tmp_path) == before


def test_histograms_are_kept_on_request(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_histogram("weights", np.arange(1000.0), 0)
    before = open_logdir(tmp_path).histograms()["count"][0].tolist()
    assert compact(tmp_path, keep_histograms=True, in_place=True).changed == 0
    assert open_logdir(tmp_path).histograms()["count"][0].tolist() == before
    report = compact(tmp_path, in_place=True)
    assert report.bytes_after < report.bytes_before / 2
    counts = open_logdir(tmp_path).histograms()["count"][0]
    assert (len(counts), counts.sum()) == (BINS + 1, 1000)


def test_bins_are_close_to_those_of_the_values():
    values = np.random.default_rng(1).normal(size=100_000)
    counts, edges = np.histogram(values, 600)
    made = HistogramProto(min=values.min(), max=values.max(), bucket_limit=edges[1:], bucket=counts)
    assert compact_histogram(made)
    wanted, _ = np.histogram(values, BINS)
    assert np.abs(np.array(made.bucket[1:]) - wanted).max() < 0.005 * len(values)


@given(
    st.lists(st.tuples(st.floats(allow_nan=False), st.integers(0, 10**6)), min_size=1, max_size=80),
    st.floats(),
    st.floats(),
)
def test_counts_are_divided_without_loss_or_the_histogram_is_left(buckets, low, high):
    limits, counts = sorted(limit for limit, _ in buckets), [count for _, count in buckets]
    histogram = HistogramProto(min=low, max=high, num=sum(counts), bucket_limit=limits, bucket=counts)
    before = HistogramProto.FromString(histogram.SerializeToString())
    if compact_histogram(histogram):
        assert sum(histogram.bucket) == sum(counts)
        assert min(histogram.bucket) >= 0
        assert len(histogram.bucket) == len(histogram.bucket_limit) <= BINS + 1
        assert list(histogram.bucket_limit) == sorted(histogram.bucket_limit)
        assert (histogram.min, histogram.max, histogram.num) == (before.min, before.max, before.num)
    else:
        assert histogram.SerializeToString() == before.SerializeToString()

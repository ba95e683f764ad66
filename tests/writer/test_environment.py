"""Settings from the environment: what they change, who wins, and what a wrong one does."""

import errno

import numpy as np
import pytest
from support import stock

from tensorboardX import SummaryWriter
from tensorboardX.errors import WriteError
from tensorboardX.record_writer import register_writer_factory
from tensorboardX.testing import FaultyStore, fail, read_events


@pytest.fixture
def setting(monkeypatch):
    return lambda name, value: monkeypatch.setenv(f"TENSORBOARDX_{name}", value)


def values(directory):
    return [value for event in read_events(directory) for value in event.summary.value]


def stock_points(directory):
    return [
        (event.step, value.tag, value.simple_value)
        for event in stock.events(directory)["."]
        for value in event.summary.value
    ]


def log_image(directory, **arguments):
    with SummaryWriter(directory, **arguments) as writer:
        writer.add_image("image", np.zeros((3, 8, 8), np.uint8), 1)
    (value,) = values(directory)
    return value.image.encoded_image_string[:4]


def test_image_format(tmp_path, setting):
    setting("IMAGE_FORMAT", "jpeg")
    assert log_image(tmp_path / "a") == b"\xff\xd8\xff\xe0"
    assert log_image(tmp_path / "b", image_format="WebP") == b"RIFF"


@pytest.mark.parametrize(("value", "buckets"), [("compact", 49), ("7", 8)])
def test_bins(tmp_path, setting, value, buckets):
    setting("BINS", value)
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("a", np.arange(100.0), 1)
        writer.add_histogram("b", np.arange(100.0), 1, bins=[0.0, 50.0, 100.0])
    ours, given = values(tmp_path)
    assert len(ours.histo.bucket) in (buckets - 1, buckets)
    assert sum(given.histo.bucket) == 100
    assert len(given.histo.bucket) == 3


def test_flush_secs_and_memory_and_what_happens_at_a_full_queue(tmp_path, setting):
    for name, value in (
        ("FLUSH_SECS", "7.5"),
        ("MAX_QUEUE_BYTES", "25600"),
        ("ON_FULL", "drop"),
        ("ON_ERROR", "raise"),
    ):
        setting(name, value)
    with SummaryWriter(tmp_path) as writer:
        options = writer.file_writer.queue._options
        assert (options.flush_secs, options.max_queue_bytes) == (7.5, 25600)
        assert (options.on_full, options.on_error) == ("drop", "raise")
    given = {"flush_secs": 9, "max_queue_bytes": 51200}
    with SummaryWriter(tmp_path, **given) as writer:
        writer.add_scalars("chart", {"a": 1.0}, 1)
        for file_writer in writer.all_writers.values():
            options = file_writer.queue._options
            assert (options.flush_secs, options.max_queue_bytes, options.on_full) == (9, 51200, "drop")


def test_on_error_raises_without_an_argument(setting):
    setting("ON_ERROR", "raise")
    store = FaultyStore()
    register_writer_factory("environment", store)
    writer = SummaryWriter("environment:run")
    store.always = fail(errno.EIO)
    writer.add_scalar("a", 1.0, 1)
    with pytest.raises(WriteError):
        writer.flush()
    store.always = None
    writer.close()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("IMAGE_FORMAT", "bmp", "accepted are PNG"),
        ("BINS", "many", "'many'"),
        ("MERGE_SCALARS", "perhaps", "accepted are 1 and 0"),
        ("MAX_QUEUE_BYTES", "64M", "accepted is a number"),
        ("MAX_QUEUE_BYTES", "-1", "not negative"),
        ("FLUSH_SECS", "nan", "not negative"),
        ("ON_FULL", "wait", "accepted are 'block' and 'drop'"),
        ("ON_ERROR", "log", "accepted are 'warn' and 'raise'"),
        ("DISTRIBUTED", "rank1", "accepted are 'rank0', 'per_rank', 'last_rank' and None"),
    ],
)
def test_a_wrong_value_is_one_warning_and_the_default(tmp_path, setting, caplog, name, value, said):
    setting(name, value)
    for _ in range(2):
        with SummaryWriter(tmp_path / "run") as writer:
            writer.add_scalar("a", 1.0, 1)
            assert writer.file_writer.queue._options == type(writer.file_writer.queue._options)()
    (warning,) = [record.getMessage() for record in caplog.records]
    assert warning.startswith(f"TENSORBOARDX_{name} is ignored: ")
    assert said in warning


def test_an_empty_variable_is_none(tmp_path, setting, caplog):
    setting("ON_FULL", "")
    with SummaryWriter(tmp_path) as writer:
        assert writer.file_writer.queue._options.on_full == "block"
    assert not caplog.records


@pytest.mark.parametrize("how", ["argument", "environment"])
@pytest.mark.parametrize("flushes", [False, True])
def test_scalars_of_one_step_share_an_event(tmp_path, setting, how, flushes):
    if how == "environment":
        setting("MERGE_SCALARS", "1")
    writer = SummaryWriter(tmp_path / "merged", **({"merge_scalars": True} if how == "argument" else {}))
    plain = SummaryWriter(tmp_path / "plain", merge_scalars=False)
    for each in (writer, plain):
        for step in range(50):
            for number in range(20):
                each.add_scalar(f"layer/{number}/weight norm", step + number / 100, step)
            each.add_scalar("layer/3/weight norm", -1.0, step)  # again at this step
            if flushes:
                each.flush()
    writer.close()
    plain.close()
    merged, single = (list(values(tmp_path / name)) for name in ("merged", "plain"))
    assert merged == single
    events = [event for event in read_events(tmp_path / "merged") if event.HasField("summary")]
    assert len(events) < len(single) / 5
    assert all(len({value.tag for value in event.summary.value}) == len(event.summary.value) for event in events)
    sizes = [sum(path.stat().st_size for path in (tmp_path / name).iterdir()) for name in ("merged", "plain")]
    assert sizes[0] < 0.8 * sizes[1]
    assert stock_points(tmp_path / "merged") == stock_points(tmp_path / "plain")

"""What a TensorBoard shows that is open while files are replaced, and what one shows that is started afterwards.

A file that is replaced is not read again by either loader: the data server has the old one open, the Python loader goes
on where it stopped.
"""

from __future__ import annotations

import numpy as np
import pytest
from support import served
from surgery_runs import write_run

from tensorboardX import SummaryWriter, surgery

POLLED = {"reload_interval": 1}


def shown(tb, run="run", tag="loss"):
    return [step for step, _ in served.scalars(tb).get(run, {}).get(tag, [])]


def values(tb, run="run", tag="loss"):
    return served.scalars(tb).get(run, {}).get(tag, [])


def test_trim_and_what_follows_it(tmp_path, tensorboard):
    run = tmp_path / "run"
    write_run(run, range(10))
    write_run(run, range(10, 20))
    tb = tensorboard(tmp_path, **POLLED)
    tb.wait_until(lambda: shown(tb) == list(range(20)))
    surgery.trim(tmp_path, 5, in_place=True)
    with SummaryWriter(str(run), purge_step=5) as writer:
        for step in range(5, 8):
            writer.add_scalar("loss", -1.0, step)
    wanted = [(step, float(step)) for step in range(5)] + [(step, -1.0) for step in range(5, 8)]
    tb.wait_until(lambda: values(tb) == wanted)
    assert values(tensorboard(tmp_path)) == wanted


def test_resume_step(tmp_path, tensorboard):
    run = tmp_path / "run"

    def train(steps, value, **options):
        with SummaryWriter(str(run), **options) as writer:
            for step in steps:
                writer.add_scalar("loss", value, step)
                writer.add_scalars("both", {"a": value, "b": value}, step)

    train(range(20), 1.0)
    tb = tensorboard(tmp_path, **POLLED)
    tb.wait_until(lambda: shown(tb) == shown(tb, "run/both/b", "both") == list(range(20)))
    train(range(12, 15), 2.0, resume_step=12)
    wanted = [(step, 1.0) for step in range(12)] + [(step, 2.0) for step in range(12, 15)]
    tb.wait_until(lambda: values(tb) == values(tb, "run/both/a", "both") == wanted)
    fresh = tensorboard(tmp_path)
    assert values(fresh) == values(fresh, "run/both/a", "both") == values(fresh, "run/both/b", "both") == wanted


@pytest.mark.parametrize("verb", ["compact", "merge"])
def test_what_is_shown_stays_and_what_follows_is_read(tmp_path, tensorboard, verb):
    run = tmp_path / "run"
    for steps in (range(40), range(40, 80), range(80, 90)):
        write_run(run, steps)
    with SummaryWriter(str(run)) as writer:
        for step in range(4):
            writer.add_histogram("weights", np.linspace(-1, 1, 500), step)
    tb = tensorboard(tmp_path, **POLLED)
    tb.wait_until(lambda: shown(tb) == list(range(90)))
    getattr(surgery, verb)(tmp_path, in_place=True)
    write_run(run, range(90, 100))
    tb.wait_until(lambda: shown(tb) == list(range(100)))
    fresh = tensorboard(tmp_path)
    assert shown(fresh) == list(range(100))
    assert [sum(count for *_, count in buckets) for _, buckets in served.histograms(fresh)["run"]["weights"]] == [
        pytest.approx(500)
    ] * 4


def test_a_longer_file_is_not_read_on_where_the_old_one_ended(tmp_path, tensorboard):
    """Records of one size, of which one would begin at that byte of the new file."""
    run = tmp_path / "run"
    for steps in (range(1, 60), range(60, 80)):
        write_run(run, steps, tags=("loss",))
    tb = tensorboard(tmp_path, **POLLED)
    tb.wait_until(lambda: shown(tb) == list(range(1, 80)))
    surgery.merge(tmp_path, in_place=True)
    write_run(run, range(80, 90), tags=("loss",))
    tb.wait_until(lambda: shown(tb) == list(range(1, 90)))


def test_a_tag_that_was_dropped_is_gone_after_a_restart(tmp_path, tensorboard):
    write_run(tmp_path / "run", range(10))
    tb = tensorboard(tmp_path, **POLLED)
    tb.wait_until(lambda: shown(tb) == list(range(10)))
    surgery.drop(tmp_path, "loss", in_place=True)
    write_run(tmp_path / "run", range(10, 12), tags=("accuracy",))
    tb.wait_until(lambda: shown(tb, tag="accuracy") == list(range(12)))
    assert shown(tb) == list(range(10))
    assert list(served.scalars(tensorboard(tmp_path))["run"]) == ["accuracy"]


def test_a_run_that_was_renamed(tmp_path, tensorboard):
    write_run(tmp_path / "run", range(10))
    write_run(tmp_path / "other", range(10))
    tb = tensorboard(tmp_path, **POLLED)
    tb.wait_until(lambda: shown(tb) == list(range(10)))
    surgery.rename(tmp_path, run=("run", "first/try"), in_place=True)
    tb.wait_until(lambda: shown(tb, "first/try") == list(range(10)))
    assert sorted(served.scalars(tensorboard(tmp_path))) == ["first/try", "other"]

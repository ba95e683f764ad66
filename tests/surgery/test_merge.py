"""Many files made one."""

from __future__ import annotations

from support import served
from surgery_runs import age, contents, points, write_everything, write_run

from tensorboardX.reader import Records, open_logdir
from tensorboardX.surgery import merge, verify


def test_both_loaders_show_the_same_from_one_file(tmp_path, tensorboard):
    run = tmp_path / "run"
    write_everything(run, range(4))
    write_run(run, range(4, 8), tags=("plain", "accuracy"))
    last = write_run(run, range(8, 12), tags=("plain",))
    before = points(tmp_path)
    report = merge(tmp_path, in_place=True)
    assert list(run.iterdir()) == [last]
    assert [file.removed for file in report.files] == [True, True, False]
    assert report.bytes_after == last.stat().st_size == report.bytes_before - 80
    assert points(tmp_path) == before
    tb = tensorboard(tmp_path)
    assert [step for step, _ in served.scalars(tb)["run"]["plain"]] == list(range(12))
    assert len(served.histograms(tb)["run"]["weights"]) == 4
    assert len(served.text(tb)["run"]["note/text_summary"]) == 4


def test_each_run_has_one_and_other_files_stay(tmp_path):
    for run in ("a", "b/c"):
        for steps in (range(3), range(3, 6)):
            write_run(tmp_path / run, steps)
    single = write_run(tmp_path / "d", range(3))
    (tmp_path / "a" / "notes").write_text("x")
    before, untouched = points(tmp_path), single.stat()
    merge(tmp_path, in_place=True)
    assert {run: len(files) for run, files in open_logdir(tmp_path).files().items()} == {"a": 1, "b/c": 1, "d": 1}
    assert points(tmp_path) == before
    assert single.stat() == untouched
    assert (tmp_path / "a" / "notes").exists()


def test_torn_tails_in_the_middle_hide_nothing_any_more(tmp_path, tensorboard):
    run = tmp_path / "run"
    for steps in (range(3), range(3, 6)):
        path = write_run(run, steps)
        path.write_bytes(path.read_bytes() + b"\x10")
    report = merge(tmp_path, in_place=True)
    assert len(report.damage) == 2
    assert verify(tmp_path).damage == ()
    write_run(run, range(6, 8))
    merge(tmp_path, in_place=True)
    assert [step for step, _ in served.scalars(tensorboard(tmp_path))["run"]["loss"]] == list(range(8))


def test_a_file_that_cannot_be_read_is_left_as_it_is(tmp_path):
    first = write_run(tmp_path, range(3))
    foreign = tmp_path / f"{first.name}.gz"
    foreign.write_bytes(b"\x1f\x8b" + bytes(100))
    age(foreign)
    write_run(tmp_path, range(3, 6))
    before = points(tmp_path)
    report = merge(tmp_path, in_place=True)
    assert contents(tmp_path)[foreign.name] == b"\x1f\x8b" + bytes(100)
    assert len(contents(tmp_path)) == 2
    assert "gzip" in report.damage[0].reason
    assert points(tmp_path) == before


def test_one_file_elsewhere(tmp_path):
    for steps in (range(3), range(3, 6)):
        write_run(tmp_path / "logs", steps)
    before = points(tmp_path / "logs")
    merge(tmp_path / "logs", out=tmp_path / "out")
    [path] = (tmp_path / "out").iterdir()
    assert points(tmp_path / "out") == before
    assert len(list(Records(path))) == 13

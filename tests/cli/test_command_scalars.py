"""`tensorboardx scalars`."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys

import numpy as np
import pandas
import pyarrow.parquet
import pytest
from command_line import COMMAND, run_process
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes
from tensorboardX.reader import open_logdir


def stock_points(directory) -> list[tuple]:
    """All points of a run, sorted."""
    events = EventAccumulator(str(directory), {"scalars": 0}).Reload()
    return sorted((tag, p.step, p.wall_time, p.value) for tag in events.Tags()["scalars"] for p in events.Scalars(tag))


def test_csv_reads_back_as_event_accumulator_reads(runs, command):
    done = command("scalars", runs, "--run", "rate0.5")
    assert done.code == exit_codes.OK
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert list(rows[0]) == ["run", "tag", "step", "wall_time", "value"]
    assert {row["run"] for row in rows} == {"rate0.5"}
    found = sorted((row["tag"], int(row["step"]), float(row["wall_time"]), float(row["value"])) for row in rows)
    assert found == stock_points(runs / "rate0.5")


def test_filters(runs, command):
    done = command("scalars", runs, "--tag", "train/loss", "--run", "*0.1", "--steps", "97:")
    assert [line.split(",")[:3] for line in done.out.splitlines()[1:]] == [
        ["rate0.1", "train/loss", step] for step in ("97", "98", "99")
    ]
    assert command("scalars", runs, "--tag", "nothing").code == exit_codes.NOT_FOUND


@pytest.mark.parametrize("arguments", [["--json"], ["--format", "json"], ["--out", "points.json"]])
def test_json(arguments, runs, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("scalars", runs, *arguments)
    content = done if "--out" not in arguments else done._replace(out=(tmp_path / "points.json").read_text())
    points = content.json("scalars")["points"]
    found = sorted((p["tag"], p["step"], p["wall_time"], p["value"]) for p in points if p["run"] == "rate0.1")
    assert found == stock_points(runs / "rate0.1")


def test_json_of_nothing_and_of_what_it_lacks(tmp_path, command):
    with SummaryWriter(str(tmp_path)) as writer:
        for step, value in enumerate((np.nan, np.inf, -np.inf)):
            writer.add_scalar("loss", value, step)
    points = command("scalars", tmp_path, "--json").json("scalars")["points"]
    assert [point["value"] for point in points] == ["NaN", "Infinity", "-Infinity"]
    done = command("scalars", tmp_path, "--json", "--tag", "nothing")
    assert done.json("scalars")["points"] == []
    assert done.code == exit_codes.NOT_FOUND


def test_parquet(runs, command, tmp_path):
    path = tmp_path / "points.parquet"
    assert command("scalars", runs, "--out", path).code == exit_codes.OK
    table = pyarrow.parquet.read_table(path).to_pandas()
    pandas.testing.assert_frame_equal(table, open_logdir(runs).scalars().to_pandas(), check_dtype=False)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) & 0o400


def test_parquet_needs_a_file(runs, command):
    done = command("scalars", runs, "--format", "parquet")
    assert done.code == exit_codes.USAGE
    assert "--out" in done.err


def test_parquet_without_pyarrow_says_what_to_install(runs, command, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = command("scalars", runs, "--out", tmp_path / "points.parquet")
    assert done.code == exit_codes.MISSING_EXTRA
    assert "pip install 'tensorboardX[cli]'" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_file_is_replaced_whole_or_not_at_all(runs, command, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(outside)
    assert command("scalars", runs, "--out", link).code == exit_codes.OK
    assert outside.read_text() == "old"
    assert not link.is_symlink()
    done = command("scalars", runs, "--out", tmp_path / "nowhere" / "points.csv")
    assert done.code == exit_codes.FAILED
    assert "points.csv" in done.err


def test_restarts(tmp_path, command):
    with SummaryWriter(str(tmp_path)) as writer:
        for step in (0, 1, 2, 1, 2):
            writer.add_scalar("loss", 1.0, step)
    assert len(command("scalars", tmp_path).out.splitlines()) == 6
    kept = csv.DictReader(io.StringIO(command("scalars", tmp_path, "--restarts", "last").out))
    assert [row["step"] for row in kept] == ["0", "1", "2"]


def test_the_head_of_a_long_output(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar_series("loss", np.zeros(200_000))
    process = subprocess.Popen([*COMMAND, "scalars", tmp_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"run,tag,step,wall_time,value\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == exit_codes.BROKEN_PIPE


def test_names_that_the_encoding_of_the_output_lacks(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_text("größe", "text", 0)
    done = run_process("ls", tmp_path, "--json", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert json.loads(done.stdout)["runs"][0]["tags"][0]["tag"] == "größe/text_summary"
    done = run_process("ls", tmp_path, "--tags", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "gr\\xf6\\xdfe" in done.stdout

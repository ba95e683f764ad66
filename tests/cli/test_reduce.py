"""`tensorboardx reduce`."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes

RNG = np.random.default_rng(3)
VALUES = RNG.normal(size=(3, 20)).astype(np.float32).astype(np.float64)


@pytest.fixture
def seeds(tmp_path):
    """Three runs of one tag, 20 steps each."""
    for number, values in enumerate(VALUES):
        with SummaryWriter(str(tmp_path / "runs" / f"seed{number}")) as writer:
            writer.add_scalar_series("loss", values, np.arange(20) * 10, 100.0 + number)
    return tmp_path / "runs"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_the_statistics_of_numpy(seeds, command, tmp_path):
    path = tmp_path / "seeds.csv"
    done = command("reduce", seeds, "--csv", path)
    assert done.code == exit_codes.OK
    assert done.out == f"runs: 3, tags: 1, points: 20, in {path}\n"
    rows = rows_of(path.read_text())
    assert list(rows[0]) == ["tag", "step", "count", "mean", "std", "min", "max"]
    assert [int(row["step"]) for row in rows] == list(range(0, 200, 10))
    for name, wanted in (
        ("mean", VALUES.mean(0)),
        ("std", VALUES.std(0, ddof=1)),
        ("min", VALUES.min(0)),
        ("max", VALUES.max(0)),
    ):
        np.testing.assert_allclose([float(row[name]) for row in rows], wanted, rtol=1e-12)


def test_runs_that_event_accumulator_and_tensorboard_read(seeds, command, tmp_path, tensorboard):
    out = tmp_path / "reduced"
    assert command("reduce", seeds / "seed0", seeds / "seed1", seeds / "seed2", "--out", out).code == exit_codes.OK
    assert sorted(path.name for path in out.iterdir()) == ["max", "mean", "min", "std"]
    for name, wanted in (("mean", VALUES.mean(0)), ("std", VALUES.std(0, ddof=1)), ("max", VALUES.max(0))):
        points = EventAccumulator(str(out / name), {"scalars": 0}).Reload().Scalars("loss")
        assert [(point.step, point.wall_time) for point in points] == [(step * 10, 102.0) for step in range(20)]
        np.testing.assert_allclose([point.value for point in points], wanted.astype(np.float32))
    server = tensorboard(out)
    server.wait_until(lambda: set(server.get_json("/data/plugin/scalars/tags")) == {"max", "mean", "min", "std"})
    again = command("reduce", seeds, "--out", out)
    assert again.code == exit_codes.FAILED
    assert "there are event files" in again.err


def test_json(seeds, command):
    content = command("reduce", seeds, "--json").json("reduce")
    assert content["runs"] == ["seed0", "seed1", "seed2"]
    np.testing.assert_allclose([point["mean"] for point in content["points"]], VALUES.mean(0), rtol=1e-12)
    assert {point["count"] for point in content["points"]} == {3}


def test_missing_tags_and_steps_are_accepted_on_request(seeds, command):
    with SummaryWriter(str(seeds / "seed3")) as writer:
        writer.add_scalar("other", 1.0, 0)
    done = command("reduce", seeds, "--json")
    assert done.code == exit_codes.USAGE
    assert "tag 'loss': 1 of 4 runs lack it, among them 'seed3'; --lax-tags" in done.err
    content = command("reduce", seeds, "--json", "--lax-tags").json("reduce")
    other = [point for point in content["points"] if point["tag"] == "other"]
    assert other == [{"tag": "other", "step": 0, "count": 1, "mean": 1.0, "std": None, "min": 1.0, "max": 1.0}]
    with SummaryWriter(str(seeds / "seed3"), filename_suffix=".2") as writer:
        writer.add_scalar("loss", 5.0, 190)
        writer.add_scalar("loss", 9.0, 200)
    done = command("reduce", seeds, "--json", "--lax-tags")
    assert done.code == exit_codes.USAGE
    assert "lacks 1 of 21 steps, among them 200; --lax-steps" in done.err
    content = command("reduce", seeds, "--json", "--tag", "loss", "--lax-steps").json("reduce")
    assert [(point["step"], point["count"]) for point in content["points"][-3:]] == [(180, 3), (190, 4), (200, 1)]
    assert content["points"][-2]["mean"] == pytest.approx((VALUES[:, 19].sum() + 5) / 4)


def test_a_deviation_of_one_run_is_empty_and_not_logged(tmp_path, command):
    with SummaryWriter(str(tmp_path / "runs")) as writer:
        writer.add_scalar("loss", 2.0, 7)
    command("reduce", tmp_path / "runs", "--csv", tmp_path / "a.csv", "--out", tmp_path / "out")
    assert (tmp_path / "a.csv").read_text() == "tag,step,count,mean,std,min,max\nloss,7,1,2.0,,2.0,2.0\n"
    assert EventAccumulator(str(tmp_path / "out" / "std")).Reload().Tags()["scalars"] == []


@pytest.mark.parametrize(("which", "wanted"), [("last", 4.0), ("first", 1.0), ("mean", 2.5)])
def test_duplicate_steps(which, wanted, tmp_path, command):
    with SummaryWriter(str(tmp_path)) as writer:
        for step, value in ((3, 1.0), (5, 8.0), (3, 4.0)):
            writer.add_scalar("loss", value, step)
    points = command("reduce", tmp_path, "--json", "--duplicates", which).json("reduce")["points"]
    assert [(point["step"], point["mean"], point["count"]) for point in points] == [(3, wanted, 1), (5, 8.0, 1)]


def test_ranks(tmp_path, command):
    for rank in (0, 2, 10):
        with SummaryWriter(str(tmp_path / "job" / f"rank_{rank}")) as writer:
            writer.add_scalar("seconds", float(rank % 10), 0)
            writer.add_scalar("seconds", float(rank), 1)
    with SummaryWriter(str(tmp_path / "job" / "other")) as writer:
        writer.add_scalar("seconds", 100.0, 0)
    out = tmp_path / "out"
    points = command("reduce", tmp_path / "job", "--ranks", "--json", "--out", out).json("reduce")["points"]
    assert points == [
        {
            "tag": "seconds",
            "step": 0,
            "count": 3,
            "mean": pytest.approx(2 / 3),
            "min": 0.0,
            "max": 2.0,
            "max_rank": 2.0,
        },
        {"tag": "seconds", "step": 1, "count": 3, "mean": 4.0, "min": 0.0, "max": 10.0, "max_rank": 10.0},
    ]
    points = EventAccumulator(str(out / "max_rank")).Reload().Scalars("seconds")
    assert [point.value for point in points] == [2.0, 10.0]
    with SummaryWriter(str(tmp_path / "job" / "other" / "rank_2")) as writer:
        writer.add_scalar("seconds", 100.0, 0)
    done = command("reduce", tmp_path / "job", "--ranks", "--json")
    assert done.code == exit_codes.USAGE
    assert "several runs of one rank" in done.err


def test_values_that_are_no_numbers(tmp_path, command):
    for name, values in (("rank_0", [np.nan, np.inf, 1.0]), ("rank_1", [1.0, -np.inf, 2.0])):
        with SummaryWriter(str(tmp_path / name)) as writer:
            writer.add_scalar_series("loss", values)
    first, second, third = command("reduce", tmp_path, "--ranks", "--json").json("reduce")["points"]
    assert (first["mean"], first["min"], first["max"], first["max_rank"]) == ("NaN", "NaN", "NaN", 0.0)
    assert (second["mean"], second["min"], second["max"], second["max_rank"]) == ("NaN", "-Infinity", "Infinity", 0.0)
    assert (third["mean"], third["max_rank"]) == (1.5, 1.0)


def test_nothing_to_write_and_nothing_to_read(seeds, command, tmp_path):
    assert command("reduce", seeds).code == exit_codes.USAGE
    done = command("reduce", seeds, "--tag", "nothing", "--csv", tmp_path / "a.csv")
    assert done.code == exit_codes.NOT_FOUND
    assert not (tmp_path / "a.csv").exists()

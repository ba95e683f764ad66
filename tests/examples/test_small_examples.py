"""The small examples run as commands, and TensorBoard serves what they say that they log."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support import served
from support.recording import run_example

from tensorboardX.reader import open_logdir


def run(name: str, logdir: Path, *arguments: object) -> str:
    done = run_example(name, "--logdir", str(logdir), *map(str, arguments))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"tensorboard --logdir {logdir}"
    return done.stdout


def values_of(points: list[tuple[int, float]], steps: int) -> list[float]:
    assert [step for step, _ in points] == [*range(steps)]
    return [value for _, value in points]


def test_jax(tensorboard, tmp_path):
    pytest.importorskip("jax")
    run("jax_regression", tmp_path, "--steps", 60)
    tb = tensorboard(tmp_path)
    tags = served.scalars(tb)["."]
    losses = values_of(tags["train/loss"], 60)
    assert losses[-1] < losses[0] / 5
    assert min(values_of(tags["train/gradient_norm"], 60)) > 0
    assert {tag: [step for step, _ in steps] for tag, steps in served.histograms(tb)["."].items()} == {
        "weights/hidden": [0, 50],
        "weights/output": [0, 50],
    }
    [graph] = served.graphs(tb)["."].values()
    assert any("tanh" in str(node["op"]) for node in graph.nodes)


def test_sklearn(tensorboard, tmp_path):
    printed = run("sklearn_digits", tmp_path, "--epochs", 4)
    tb = tensorboard(tmp_path)
    tags = served.scalars(tb)["."]
    accuracy = values_of(tags["test/accuracy"], 4)
    assert f"test accuracy: {accuracy[-1]:.1%}" in printed
    assert accuracy[-1] > 0.85
    losses = values_of(tags["train/loss"], 4)
    assert losses[-1] < losses[0]
    pictures = served.images(tb)["."]["weights/of_each_digit"][0]
    assert [pixels.shape[:2] for _, pixels in pictures] == [(16, 64)] * 4  # ten in rows of eight
    assert [step for step, _ in served.pr_curves(tb)["."]["is_it_an_eight"]] == [*range(4)]


def test_gridworld(tensorboard, tmp_path):
    printed = run("rl_video", tmp_path, "--episodes", 120, "--every", 60)
    tb = tensorboard(tmp_path)
    tags = served.scalars(tb)["."]
    assert set(values_of(tags["episode/reached_goal"], 120)) <= {0, 1}
    steps = values_of(tags["episode/steps"], 120)
    videos = served.images(tb)["."]["best_path"][0]
    assert [step for step, _ in videos] == [0, 60, 119]
    assert "the learned path has 10 steps" in printed  # there is no shorter one
    assert videos[-1][1].shape == (11, 48, 48, 3)
    assert steps[-1] < steps[0]


def test_resume_after_a_kill(tensorboard, tmp_path):
    killed = run_example("resume", "--logdir", str(tmp_path), "--steps", "120", "--kill-step", "75")
    assert killed.returncode == -signal.SIGKILL
    assert len(served.scalars(tensorboard(tmp_path))["."]["train/loss"]) == 76
    assert "began at step 60" in run("resume", tmp_path, "--steps", 120)
    points = served.scalars(tensorboard(tmp_path))["."]["train/loss"]
    losses = values_of(points, 120)
    assert losses == sorted(losses, reverse=True)  # the optimizer goes on where it was
    assert open_logdir(tmp_path).scalars()["step"].tolist() == [*range(120)]


def test_reading_into_pandas(tmp_path):
    first = run_example("read_into_pandas", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    runs = tmp_path / "runs" / "read_into_pandas"
    assert sorted(path.name for path in runs.iterdir()) == ["rate0.01", "rate0.03", "rate0.1"]
    again = run_example("read_into_pandas", str(runs), "--tag", "train/*", cwd=tmp_path)
    assert again.stdout == first.stdout  # nothing is written twice
    losses = open_logdir(runs).scalars("rate0.1", "train/loss")["value"]
    [last, lowest, at_step, _, rate] = first.stdout.splitlines()[-1].split()[1:]
    assert (last, lowest) == (f"{losses[-1]:.4f}", f"{losses.min():.4f}")
    assert (int(at_step), float(rate)) == (losses.argmin(), 0.1)

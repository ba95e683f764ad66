"""The tutorials run as commands, and TensorBoard serves what they say that they log."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import events, served
from support.ranks import torchrun
from support.recording import EXAMPLES, run_example

TUTORIALS = EXAMPLES / "tutorials"


def run(name: str, logdir: Path, *arguments: object) -> str:
    done = run_example(f"tutorials/{name}", "--logdir", str(logdir), *map(str, arguments))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"tensorboard --logdir {logdir}"
    return done.stdout


def steps_of(points: list[tuple[int, float]]) -> list[int]:
    return [step for step, _ in points]


@pytest.fixture(scope="module")
def first_steps(tmp_path_factory):
    logdir = tmp_path_factory.mktemp("first_steps")
    return logdir, run("first_steps", logdir, "--steps", 40)


def test_first_steps(tensorboard, first_steps):
    logdir, printed = first_steps
    tags = served.scalars(tensorboard(logdir))["."]
    assert tags.keys() == {"train/loss", "line/slope", "line/intercept"}
    assert all(steps_of(points) == [*range(40)] for points in tags.values())
    assert tags["train/loss"][-1][1] < tags["train/loss"][0][1] / 10
    assert f"last loss: {tags['train/loss'][-1][1]:.4f}" in printed
    assert abs(tags["line/intercept"][-1][1] - 1) < 0.1


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    logdir = tmp_path_factory.mktemp("media")
    run("media", logdir, "--steps", 2)
    return logdir


def test_media(tensorboard, media):
    tb = tensorboard(media)
    images = served.images(tb)["."]
    shapes = {tag: [pixels.shape[:2] for _, pixels in images[tag][0]] for tag in ("disc", "discs")}
    assert shapes == {"disc": [(16, 16)] * 2, "discs": [(16, 64)] * 2}
    assert [pixels.shape[:3] for _, pixels in images["growing"][0]] == [(4, 16, 16)] * 2
    [first, second] = served.audio(tb)["."]["tone"][0]
    rate, samples = first.pcm()
    assert (rate, samples.shape, first.step, second.step) == (8000, (4000, 1), 0, 1)
    assert [step for step, _ in served.text(tb)["."]["note/text_summary"]] == [0, 1]
    parameters = {f"weights/{layer}.{kind}" for layer in (0, 4) for kind in ("weight", "bias")}
    histograms = served.histograms(tb)["."]
    assert histograms.keys() == {"scores"} | parameters
    assert {sum(count for *_, count in buckets) for _, buckets in histograms["weights/0.weight"]} == {72}
    [graph] = served.graphs(tb)["."].values()
    assert any("Conv2d" in str(node["name"]) for node in graph.nodes)


@pytest.fixture(scope="module")
def comparing(tmp_path_factory):
    logdir = tmp_path_factory.mktemp("comparing")
    run("comparing_runs", logdir, "--steps", 20)
    return logdir


def test_comparing_runs(tensorboard, comparing):
    tb = tensorboard(comparing)
    found = served.scalars(tb)
    runs = [f"rate{rate}" for rate in ("0.01", "0.1", "1")]
    assert sorted(found) == sorted([*runs, *(f"{run}/loss/{part}" for run in runs for part in ("train", "validation"))])
    for name in runs:
        assert steps_of(found[name]["accuracy"]) == [*range(20)]
        assert found[name]["final/accuracy"][0][1] == found[name]["accuracy"][-1][1]
    groups = served.hparams_session_groups(tb)
    assert sorted(group["hparams"]["rate"] for group in groups) == [0.01, 0.1, 1]


@pytest.fixture(scope="module")
def fine_tuned(tmp_path_factory):
    logdir = tmp_path_factory.mktemp("fine_tuned")
    run("finetune_transformer", logdir, "--steps", 30)
    return logdir


def test_fine_tuning(tensorboard, fine_tuned):
    tb = tensorboard(fine_tuned)
    tags = served.scalars(tb)["."]
    assert tags.keys() == {"train/loss", "train/gradient_norm", "train/learning_rate"}
    assert all(steps_of(points) == [*range(30)] for points in tags.values())
    assert tags["train/loss"][-1][1] < tags["train/loss"][0][1] - 0.5
    rates = [rate for _, rate in tags["train/learning_rate"]]
    assert rates[0] < max(rates) == pytest.approx(5e-3, rel=0.01)
    assert rates[-1] < max(rates) / 10
    assert min(norm for _, norm in tags["train/gradient_norm"]) > 0
    pages = served.text(tb)["."]["samples/text_summary"]
    assert [step for step, _ in pages] == [0, 20, 29]
    assert "the dog " in pages[-1][1]
    weights = served.histograms(tb)["."]
    assert weights["weights/letters.weight"][0][1] == weights["weights/letters.weight"][-1][1]  # not trained
    assert weights["weights/head.weight"][0][1] != weights["weights/head.weight"][-1][1]


@pytest.fixture(scope="module")
def many_processes(tmp_path_factory):
    pytest.importorskip("torch.distributed")
    directory = tmp_path_factory.mktemp("many_processes")
    for mode in ("per_rank", "rank0"):
        settings = ["--logdir", directory / mode, "--distributed", mode, "--steps", 10]
        done = torchrun(2, TUTORIALS / "many_processes.py", *settings)
        assert done.returncode == 0, done.stderr
    return directory


def test_many_processes(tensorboard, many_processes):
    found = served.scalars(tensorboard(many_processes))
    assert sorted(found) == ["per_rank/rank_0", "per_rank/rank_1", "rank0"]
    first, second = found["per_rank/rank_0"], found["per_rank/rank_1"]
    losses = [np.array([value for _, value in tags["loss/of_this_rank"]]) for tags in (first, second)]
    means = [value for _, value in first["loss/mean"]]
    np.testing.assert_allclose(means, (losses[0] + losses[1]) / 2, rtol=1e-5)
    assert first["loss/mean"] == second["loss/mean"]
    assert steps_of(first["loss/mean"]) == [*range(10)]
    assert found["rank0"] == first
    assert len(list((many_processes / "rank0").iterdir())) == 1
    assert len(events.scalars(many_processes / "rank0")) == 20

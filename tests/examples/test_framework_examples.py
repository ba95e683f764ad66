"""The examples of frameworks run, as commands, where these are installed: in the environment of dev.py they are."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from support import served
from support.recording import run_example

# The loaders are compared elsewhere, and these trainings take seconds.
pytestmark = pytest.mark.parametrize("tensorboard", ["rust"], indirect=True)


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")


def run(name: str, logdir: Path, epochs: int) -> None:
    done = run_example(name, "--logdir", str(logdir), "--epochs", str(epochs))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"tensorboard --logdir {logdir}"


@needs("lightning")
def test_lightning(tensorboard, tmp_path):
    run("lightning_digits", tmp_path, 2)
    tb = tensorboard(tmp_path)
    tags = served.scalars(tb)["digits/version_0"]
    assert tags.keys() >= {"train/loss", "validation/accuracy", "lr-Adam"}
    assert len(tags["train/loss"]) == 2 * 43  # 1348 images in batches of 32
    assert tags["validation/accuracy"][-1][1] > 0.8
    assert len(served.histograms(tb)["digits/version_0"]["weights"]) == 3  # with the check before the first epoch


@needs("transformers")
def test_hugging_face_trainer(tensorboard, tmp_path):
    run("hf_trainer", tmp_path, 2)
    tags = served.scalars(tensorboard(tmp_path))["tiny_gpt2"]
    assert tags.keys() >= {"train/loss", "train/grad_norm", "train/learning_rate", "eval/loss"}
    assert [step for step, _ in tags["train/loss"]] == [*range(1, 17)]  # 128 rows in batches of 16, twice
    assert tags["train/loss"][-1][1] < tags["train/loss"][0][1]


@needs("keras")
def test_keras(tensorboard, tmp_path):
    run("keras_digits", tmp_path, 3)
    tb = tensorboard(tmp_path)
    tags = served.scalars(tb)["."]
    metrics = {f"epoch/{part}{name}" for part in ("", "val_") for name in ("loss", "accuracy")}
    assert tags.keys() == metrics | {"learning_rate"}
    assert [step for step, _ in tags["epoch/loss"]] == [0, 1, 2]
    assert tags["epoch/accuracy"][-1][1] > 0.8
    assert {name.split("/")[-2] for name in served.histograms(tb)["."]} == {"hidden", "output"}

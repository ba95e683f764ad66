"""The logging layers that the example retells: TensorBoard serves what the loops of their programs would log."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from support import served
from support.recording import load_example, run_example
from torch.utils.tensorboard import SummaryWriter as TorchWriter

STEPS = 200


class TitanLoop:
    """torchtitan: a loop over a flat dict; a tag goes in front of each name."""

    def __init__(self, writer):
        self.writer = writer

    def log(self, metrics, step):
        for name in metrics:
            self.writer.add_scalar(f"train/{name}", metrics[name], step)


class VerlLoop:
    """verl: nested dicts are made flat, what is None is dropped, and each tracker loops over the rest."""

    def __init__(self, writer):
        self.writer = writer

    def log(self, data, step):
        for name, value in self.flat("", data):
            if value is not None:
                self.writer.add_scalar(name, value, step)

    def flat(self, prefix, data):
        for key, value in data.items():
            if isinstance(value, dict):
                yield from self.flat(f"{prefix}{key}/", value)
            else:
                yield f"{prefix}{key}", value


def megatron_loop(writer, losses, state, iteration, samples):
    """Megatron-LM: two calls for each loss and each value that there is."""
    for name in losses:
        writer.add_scalar(name, losses[name], iteration)
        writer.add_scalar(name + " vs samples", losses[name], samples)
    for name in ("learning-rate", "batch-size", "loss-scale", "grad-norm", "num-zeros", "iteration-time"):
        if state[name] is not None:
            writer.add_scalar(name, state[name], iteration)
            writer.add_scalar(name + " vs samples", state[name], samples)


@pytest.fixture(scope="module")
def logged(tmp_path_factory) -> tuple[Path, Path]:
    """The log directory of the example, and the one of the loops, which torch's writer writes."""
    by_layers, by_loops = tmp_path_factory.mktemp("layers"), tmp_path_factory.mktemp("loops")
    example = load_example("logging_layers")
    writers = {name: TorchWriter(by_loops / name) for name in ("torchtitan", "verl", "megatron")}
    titan, verl = TitanLoop(writers["torchtitan"]), VerlLoop(writers["verl"])
    with pytest.MonkeyPatch.context() as patch:
        follow(patch, example.TitanLogger, "log", lambda _, metrics, step: titan.log(metrics, step))
        follow(patch, example.Tracking, "log", lambda _, data, step: verl.log(data, step))
        follow(patch, example, "training_log", lambda _, *arguments: megatron_loop(writers["megatron"], *arguments))
        example.main(["--logdir", str(by_layers), "--steps", str(STEPS)])
    for writer in writers.values():
        writer.close()
    return by_layers, by_loops


def follow(patch, owner, name, call):
    """After each call of a function, call another one with its arguments."""
    function = getattr(owner, name)

    def both(*arguments):
        function(*arguments)
        call(*arguments)

    patch.setattr(owner, name, both)


def test_the_layers_log_what_the_loops_log(tensorboard, logged):
    by_layers, by_loops = (served.scalars(tensorboard(logdir)) for logdir in logged)
    cleaned = {
        run: {re.sub(r"[^-/\w.]", "_", tag): points for tag, points in tags.items()} for run, tags in by_loops.items()
    }
    assert by_layers == cleaned
    assert {run: len(tags) for run, tags in by_layers.items()} == {"torchtitan": 6, "verl": 8, "megatron": 12}
    assert [step for step, _ in by_layers["megatron"]["lm_loss_vs_samples"]] == [
        32 * step for step in range(1, STEPS + 1)
    ]
    assert all(len(points) == STEPS for tags in by_layers.values() for points in tags.values())


def test_the_generations_are_a_table(tensorboard, logged):
    pages = served.text(tensorboard(logged[0]))["verl"]["val/generations/text_summary"]
    assert [step for step, _ in pages] == [100, 200]
    for _, page in pages:
        cells = [html.unescape(cell) for cell in re.findall(r"<t[hd]>([^<]*)</t[hd]>", page)]
        assert [cell for cell in cells if cell.strip()][:4] == ["prompt", "answer", "score", "sample 0"]
        assert re.fullmatch(r"loss `\d\.\d{3}` \| rank", cells[-2])


def test_the_command_ends_with_the_line_that_shows_the_runs(tmp_path):
    done = run_example("logging_layers", "--steps", "5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"tensorboard --logdir {Path('runs', 'logging_layers')}"

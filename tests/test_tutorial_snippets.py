"""The few lines that tutorials teach, as they stand there, in an empty working directory.

What they wrote is read twice: record by record, and by TensorBoard's own EventAccumulator.
"""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import tensorboardX
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_reader import read_records

Points = dict[str, list[tuple[int, float]]]


@pytest.fixture(autouse=True)
def working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def event_file(logdir: str | Path) -> Path:
    [path] = Path(logdir).glob("events.out.tfevents.*")
    return path


def points_in_records(logdir: str | Path) -> Points:
    """{tag: [(step, value)]} of the scalars of one run, after a check of the file's first record."""
    first, *events = [Event.FromString(data) for data in read_records(event_file(logdir))]
    assert first.file_version == "brain.Event:2"
    found: Points = {}
    for event in events:
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def points_in_stock_reader(logdir: str | Path) -> Points:
    reader = EventAccumulator(str(logdir)).Reload()
    return {tag: [(p.step, p.value) for p in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def assert_holds(logdir: str | Path, expected: Points) -> None:
    rounded = {tag: [(step, float(np.float32(value))) for step, value in points] for tag, points in expected.items()}
    assert points_in_records(logdir) == rounded
    assert points_in_stock_reader(logdir) == rounded


def test_loss_of_a_torch_loop_flushed_at_every_step():
    import tensorboardX as tb

    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 20).reshape(-1, 1)
    y = 3 * x + 1
    model = torch.nn.Linear(1, 1)
    criterion = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []

    writer = tb.SummaryWriter("log")
    for i in range(30):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        writer.add_scalar("Loss", loss.item(), i)
        writer.flush()

        losses.append((i, loss.item()))
        assert len(points_in_records("log")["Loss"]) == i + 1  # flushed means readable
    writer.close()

    assert losses[-1][1] < losses[0][1] / 2
    assert_holds("log", {"Loss": losses})


SCRIPT = """
from tensorboardX import SummaryWriter

writer = SummaryWriter("log")
for epoch in range(5):
    writer.add_scalar("epoch/loss", 1 / (epoch + 1), epoch)
"""


def test_a_script_without_flush_and_close_loses_nothing():
    path = os.pathsep.join([str(Path(tensorboardX.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", SCRIPT], env=environment, check=True, timeout=120)
    assert_holds("log", {"epoch/loss": [(epoch, 1 / (epoch + 1)) for epoch in range(5)]})


@pytest.mark.parametrize("requires_grad", [False, True])
def test_add_scalars_takes_the_tensors_of_a_training_loop(requires_grad):
    from tensorboardX import SummaryWriter

    writer = SummaryWriter("log")
    expected_loss, expected_accuracy = [], []
    for step in range(5):
        scores = torch.tensor([[0.1, step / 2], [1.5, 0.3]], requires_grad=requires_grad)
        labels = torch.tensor([1, 0])
        loss = torch.nn.functional.cross_entropy(scores, labels)
        accuracy = (scores.argmax(dim=1) == labels).float().mean()
        writer.add_scalars("train_performance", {"loss": loss, "accuracy": accuracy}, step)
        assert loss.requires_grad == requires_grad  # the caller's tensor is as it was
        expected_loss.append((step, loss.item()))
        expected_accuracy.append((step, accuracy.item()))
    writer.close()

    assert expected_loss[0] != expected_loss[-1]
    assert sorted(path.name for path in Path("log/train_performance").iterdir()) == ["accuracy", "loss"]
    assert_holds("log/train_performance/loss", {"train_performance": expected_loss})
    assert_holds("log/train_performance/accuracy", {"train_performance": expected_accuracy})


def test_loss_tensor_itself_as_a_scalar():
    from tensorboardX import SummaryWriter

    weight = torch.tensor([2.0], requires_grad=True)
    with SummaryWriter("log") as writer:
        for step in range(3):
            loss = (weight * step).sum()
            writer.add_scalar("loss", loss, step)
            loss.backward()
    assert weight.grad.item() == 0 + 1 + 2
    assert_holds("log", {"loss": [(0, 0), (1, 2), (2, 4)]})


def test_first_steps_with_the_default_directory():
    from tensorboardX import SummaryWriter

    writer = SummaryWriter()
    samples = torch.rand(10, 1)
    for n_iter in range(10):
        writer.add_scalar("data/scalar1", samples[n_iter], n_iter)
        writer.add_scalars("data/waves", {"sine": np.sin(n_iter), "cosine": math.cos(n_iter), "step": n_iter}, n_iter)
    writer.export_scalars_to_json("./all_scalars.json")
    writer.close()

    [run] = Path("runs").iterdir()
    assert run.name.endswith(f"_{socket.gethostname()}")
    assert_holds(run, {"data/scalar1": [(i, samples[i].item()) for i in range(10)]})
    curves = {"sine": math.sin, "cosine": math.cos, "step": float}
    for name, curve in curves.items():
        assert_holds(run / "data" / "waves" / name, {"data/waves": [(i, curve(i)) for i in range(10)]})

    exported = json.loads(Path("all_scalars.json").read_text())
    assert exported.keys() == {str(run / "data" / "waves" / name) for name in curves}
    for key, points in exported.items():
        assert [(step, value) for _, step, value in points] == [(i, curves[Path(key).name](i)) for i in range(10)]


def test_with_statement_and_comment():
    from tensorboardX import SummaryWriter

    with SummaryWriter(comment="x") as w:
        w.add_scalar("a", 0.1, 0)
        w.add_scalar("a", 0.2, 1)
    [run] = Path("runs").iterdir()
    assert run.name.endswith(f"_{socket.gethostname()}x")
    assert_holds(run, {"a": [(0, 0.1), (1, 0.2)]})


def test_histograms_of_every_parameter():
    from tensorboardX import SummaryWriter

    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    with SummaryWriter("log") as writer:
        for epoch in range(3):
            for name, param in model.named_parameters():
                writer.add_histogram(name, param.clone().cpu().data.numpy(), epoch)
    reader = EventAccumulator("log", size_guidance={"histograms": 0}).Reload()  # 0: all, not the last one
    events = [Event.FromString(data) for data in read_records(event_file("log"))]
    assert len(events) == 1 + 3 * 4
    for name, param in model.named_parameters():
        values = param.detach().double().numpy()
        assert [event.step for event in reader.Histograms(name)] == [0, 1, 2]
        for event in reader.Histograms(name):
            assert (event.histogram_value.min, event.histogram_value.max) == (values.min(), values.max())
            assert sum(event.histogram_value.bucket) == values.size


def test_text_with_a_step_in_it():
    from tensorboardX import SummaryWriter

    with SummaryWriter("log") as writer:
        for step in range(0, 30, 10):
            writer.add_text("Text", f"text logged at step:{step}", step)
    reader = EventAccumulator("log").Reload()
    assert reader.Tags()["tensors"] == ["Text/text_summary"]
    logged = [(event.step, event.tensor_proto.string_val[0]) for event in reader.Tensors("Text/text_summary")]
    assert logged == [(step, f"text logged at step:{step}".encode()) for step in (0, 10, 20)]
    _, *events = [Event.FromString(data) for data in read_records(event_file("log"))]
    assert [(e.step, e.summary.value[0].tensor.string_val[0]) for e in events] == logged


def test_a_second_writer_in_the_same_directory_adds_to_the_run():
    from tensorboardX import SummaryWriter

    for start in (0, 5):
        writer = SummaryWriter("log")
        for i in range(start, start + 5):
            writer.add_scalar("Loss", 1.0 / (i + 1), i)
        writer.close()
    assert len(list(Path("log").iterdir())) == 2
    expected = [(i, float(np.float32(1.0 / (i + 1)))) for i in range(10)]
    assert points_in_stock_reader("log") == {"Loss": expected}

"""The hooks of a watch: when there are which, what they leave behind, and what happens when they fail."""

from __future__ import annotations

import copy
import gc
import io
import weakref

import numpy as np
import pytest
import torch
from support import events
from torch import nn
from watched import Training, batches, by_step, network

from tensorboardX import SummaryWriter

# ---- hooks


def hooks_of(model, optimizer):
    of_parameters = sum(
        len(p._post_accumulate_grad_hooks or ()) + len(p._backward_hooks or ()) for p in model.parameters()
    )
    of_modules = sum(
        len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules()
    )
    return (
        of_parameters,
        of_modules,
        len(optimizer._optimizer_step_pre_hooks),
        len(optimizer._optimizer_step_post_hooks),
    )


def test_between_measured_steps_there_is_one_hook_and_none_after_the_end(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, every=3)
        found = [hooks_of(model, optimizer)]
        for batch in batches(4):
            model(batch).sum().backward()
            optimizer.step()
            found.append(hooks_of(model, optimizer))
        assert found == [(4, 0, 1, 1), (0, 0, 0, 1), (0, 0, 0, 1), (4, 0, 1, 1), (0, 0, 0, 1)]
        for _ in range(2):
            watch.remove()
            assert hooks_of(model, optimizer) == (0, 0, 0, 0)
        another = writer.watch(model, optimizer, every=3)
        another.remove()
        assert hooks_of(model, optimizer) == (0, 0, 0, 0)
    reference = weakref.ref(model)
    del model, optimizer
    gc.collect()
    assert reference() is None


def test_a_watched_model_is_copied_and_saved_without_its_hooks(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer)
        other = copy.deepcopy(model)
        assert hooks_of(other, optimizer)[0] == 0
        file = io.BytesIO()
        torch.save(model, file)
        optimizer.load_state_dict(optimizer.state_dict())
        other(batches(1)[0]).sum().backward()
        torch.optim.SGD(other.parameters(), lr=0.1).step()
    assert events.events(tmp_path) == []


def test_several_watches_do_not_mix(tmp_path):
    first, second = network(), network(nn.Linear(8, 8))
    with SummaryWriter(tmp_path) as writer:
        trained = []
        for number, model in enumerate((first, second)):
            training = Training(model, torch.optim.SGD(model.parameters(), lr=0.1))
            writer.watch(model, training.optimizer, every=number + 1, tag=f"net{number}")
            trained.append(training)
        for batch in batches(2):
            for training in trained:
                training.step(batch)
    found = {(tag, step): value for tag, step, value in events.scalars(tmp_path)}
    assert {step for tag, step in found if tag.startswith("net1")} == {0}
    for number, training in enumerate(trained):
        for tag, value in training.expected[0].items():
            assert found[f"net{number}/{tag}", 0] == pytest.approx(value, rel=1e-5)


def test_a_writer_that_writes_nothing_measures_nothing(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(tmp_path / "run", write_to_disk=False) as writer:
        watch = writer.watch(model, optimizer)
        assert hooks_of(model, optimizer) == (0, 0, 0, 0)
        watch.remove()


# ---- what goes wrong


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (lambda m, o: (None, o), {}, "model: got NoneType None; accepted is a torch.nn.Module"),
        (lambda m, o: (m, m), {}, "optimizer: got .*; accepted is a torch.optim.Optimizer"),
        (lambda m, o: (m, o), {"every": 0}, "every: got 0; accepted is an integer of at least 1"),
        (lambda m, o: (m, o), {"every": 2.5}, "every: got float 2.5; accepted is an integer of at least 1"),
        (lambda m, o: (m, o), {"step": -1}, "step: got -1; accepted is an integer of at least 0"),
        (lambda m, o: (m, o), {"tag": 3}, "accepted is a tag that is a string"),
        (lambda m, o: (network(), o), {}, "the optimizer has none of the model's parameters"),
    ],
)
def test_what_cannot_be_watched_is_refused(tmp_path, arguments, options, message):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(tmp_path) as writer, pytest.raises((TypeError, ValueError), match=message):
        writer.watch(*arguments(model, optimizer), **options)
    assert hooks_of(model, optimizer) == (0, 0, 0, 0)


@pytest.mark.parametrize("name", ["norms_of", "to_host", "shares_of"])
def test_a_failure_ends_the_watch_and_not_the_training(tmp_path, monkeypatch, caplog, name):
    model = network()
    training = Training(model, torch.optim.SGD(model.parameters(), lr=0.1))
    with SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, training.optimizer, every=2)
        training.step(batches(1)[0])
        monkeypatch.setattr(f"tensorboardX.watch.measurement.{name}", lambda *_: 1 / 0)
        for batch in batches(5):
            training.step(batch)
        watch.remove()
    assert by_step(tmp_path).keys() == {0}
    assert caplog.text.count("tag 'watch': the model is not watched any more") == 1
    assert hooks_of(model, training.optimizer) == (0, 0, 0, 0)


def test_without_memory_for_a_copy_the_updates_are_nan(tmp_path, monkeypatch, caplog):
    model = network()
    training = Training(model, torch.optim.SGD(model.parameters(), lr=0.1))

    def full(tensor):
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr("tensorboardX.watch.measurement.local_part", full)
    training.run(tmp_path, steps=1)
    values = by_step(tmp_path)[0]
    assert "copying the weights failed: OutOfMemoryError" in caplog.text
    for tag, value in training.expected[0].items():
        assert np.isnan(values[tag]) if "update" in tag else values[tag] == pytest.approx(value, rel=1e-5)

"""A watch changes nothing of what torch.compile does: the same graphs, no further break, no recompilation."""

from __future__ import annotations

import pytest
import torch
from watched import Training, batches, by_step, network

from tensorboardX import SummaryWriter

counters = pytest.importorskip("torch._dynamo.utils").counters


def compile_model(model, optimizer):
    compiled = torch.compile(model, backend="aot_eager")
    return lambda batch: (compiled(batch).square().mean().backward(), optimizer.step()), compiled


def compile_optimizer(model, optimizer):
    compiled = torch.compile(optimizer.step, backend="aot_eager")
    return lambda batch: (model(batch).square().mean().backward(), compiled()), model


def compile_loss(model, optimizer):
    compiled = torch.compile(lambda batch: model(batch).square().mean(), backend="aot_eager")
    return lambda batch: (compiled(batch).backward(), optimizer.step()), model


def compile_step(model, optimizer):
    def step(batch):
        model(batch).square().mean().backward()
        optimizer.step()

    return torch.compile(step, backend="aot_eager"), model


def compiled_run(tmp_path, prepare, watches):
    """Train for seven steps; return the graphs, breaks and recompilations that dynamo counts."""
    torch._dynamo.reset()
    counters.clear()
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step, watched = prepare(model, optimizer)
    with SummaryWriter(tmp_path / "run", write_to_disk=watches) as writer:
        watch = writer.watch(watched, optimizer, every=3)
        for batch in batches(7):
            optimizer.zero_grad()
            step(batch)
        watch.remove()
    breaks = sum(counters["graph_break"].values())
    counted = counters["stats"]["unique_graphs"], sum(counters["recompiles"].values()), breaks
    torch._dynamo.reset()
    return counted


@pytest.mark.parametrize("prepare", [compile_model, compile_loss])
def test_a_compiled_model_has_no_further_graphs_breaks_or_recompilations(tmp_path, prepare):
    without, watched = (compiled_run(tmp_path, prepare, watches) for watches in (False, True))
    assert without == watched == (1, 0, 0)
    model = network()
    training = Training(model, torch.optim.SGD(model.parameters(), lr=0.1), clip=1e9)
    for batch in batches(7):
        training.step(batch)
    found = by_step(tmp_path / "run")
    assert found.keys() == {0, 3, 6}
    for step, values in found.items():
        assert values == pytest.approx(training.expected[step], rel=1e-4)


@pytest.mark.parametrize("prepare", [compile_optimizer, compile_step])
def test_a_compiled_step_of_the_optimizer_has_no_further_breaks(tmp_path, prepare):
    without, watched = (compiled_run(tmp_path, prepare, watches) for watches in (False, True))
    assert watched[2] <= without[2]
    assert watched[1] <= without[1]
    assert by_step(tmp_path / "run").keys() == {0, 3, 6}

"""What a watch logs, in the loops that programs have."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support import events, served
from torch import nn
from watched import Training, batches, by_step, network, norms

from tensorboardX import SummaryWriter


def test_gradients_before_clipping_weights_and_updates(tmp_path):
    model = network()
    training = Training(model, torch.optim.AdamW(model.parameters(), lr=0.1))
    training.run(tmp_path, steps=5, every=2)
    found = by_step(tmp_path)
    assert found.keys() == {0, 2, 4}
    for step, values in found.items():
        assert values == pytest.approx(training.expected[step], rel=1e-5)
        assert values["gradient_norm"] > 5 * training.clip


def test_both_loaders_serve_it(tensorboard, tmp_path):
    model = network()
    Training(model, torch.optim.SGD(model.parameters(), lr=0.1)).run(tmp_path, steps=3, every=1, histograms=True)
    tb = tensorboard(tmp_path)
    scalars, histograms = served.scalars(tb)["."], served.histograms(tb)["."]
    names = [name for name, _ in model.named_parameters()]
    kinds = ["gradient", "weight", "update"]
    named = [(kind, name) for kind in kinds for name in names]
    expected = {f"watch/{kind}_norm" for kind in kinds} | {f"watch/{kind}_norm/{name}" for kind, name in named}
    assert scalars.keys() == expected
    assert all([step for step, _ in points] == [0, 1, 2] for points in scalars.values())
    expected = {f"watch/{kind}_norms" for kind in kinds} | {f"watch/{kind}s/{name}" for kind, name in named}
    assert histograms.keys() == expected
    for tag, points in histograms.items():
        parameter = dict(model.named_parameters()).get(tag.partition("s/")[2])
        number = len(names) if parameter is None else parameter.numel()
        assert [(step, sum(count for *_, count in buckets)) for step, buckets in points] == [
            (s, number) for s in range(3)
        ]


def test_full_histograms_are_of_the_numbers_themselves(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, histograms=True)
        model(batches(1)[0]).square().mean().backward()
        gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
        nn.utils.clip_grad_norm_(model.parameters(), 0.01)
        before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        optimizer.step()
    found = {value.tag: value.histo for _, value in events.values(tmp_path) if value.HasField("histo")}
    for name, parameter in model.named_parameters():
        expected = {
            "gradients": gradients[name],
            "weights": parameter.detach(),
            "updates": parameter.detach() - before[name],
        }
        for kind, numbers in expected.items():
            histogram = found[f"watch/{kind}/{name}"]
            limits = [histogram.min, histogram.max, histogram.sum]
            assert limits == pytest.approx(
                [numbers.min().item(), numbers.max().item(), numbers.sum().item()], rel=1e-4, abs=1e-6
            )


def test_gradients_are_those_of_all_accumulated_passes(tmp_path):
    model = network()

    def accumulate(batch):
        for part in batch.split(2):
            (model(part).square().sum() / batch.numel()).backward()

    training = Training(model, torch.optim.SGD(model.parameters(), lr=0.1), accumulate)
    training.run(tmp_path)
    for step, values in by_step(tmp_path).items():
        assert values == pytest.approx(training.expected[step], rel=1e-5)


@pytest.mark.parametrize("unscales", [True, False])
@pytest.mark.parametrize("enabled", [True, False])
def test_the_scale_of_a_grad_scaler_is_taken_out(tmp_path, unscales, enabled):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=1, enabled=enabled)
    expected = []
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, every=1, scaler=scaler, histograms=True)
        for batch in batches(3):
            optimizer.zero_grad()
            loss = model(batch).square().mean()
            gradients = torch.autograd.grad(loss, model.parameters(), retain_graph=True)
            expected.append(norms("gradient", dict(zip(dict(model.named_parameters()), gradients, strict=True))))
            scaler.scale(loss).backward()
            if unscales:
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), 0.01)
            scaler.step(optimizer)
            scaler.update()
    assert scaler.get_scale() == (8192 if enabled else 1)
    for step, values in by_step(tmp_path).items():
        assert {tag: value for tag, value in values.items() if "gradient" in tag} == pytest.approx(
            expected[step], rel=1e-5
        )
    largest = {
        step: value.histo.max for step, value in events.values(tmp_path) if value.tag == "watch/gradients/2.bias"
    }
    assert all(abs(value) < expected[step]["gradient_norm"] for step, value in largest.items())


def test_a_step_that_the_scaler_skips_does_not_count(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, every=2, scaler=scaler)
        for number, batch in enumerate(batches(6)):
            optimizer.zero_grad()
            factor = float("inf") if number in (0, 3) else 1.0
            scaler.scale(model(batch).square().mean() * factor).backward()
            scaler.step(optimizer)
            scaler.update()
    found = by_step(tmp_path)
    assert found.keys() == {0, 2}
    assert all(np.isfinite(list(values.values())).all() for values in found.values())


def test_a_parameter_that_breaks_is_named(tmp_path, caplog):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer)
        hook = model[0].bias.register_hook(lambda gradient: gradient * float("nan"))
        model(batches(1)[0]).square().mean().backward()
        hook.remove()
        optimizer.step()
    values = by_step(tmp_path)[0]
    assert {tag for tag, value in values.items() if np.isnan(value)} == {
        *[
            "gradient_norm",
            "gradient_norm/0.bias",
            "weight_norm",
            "weight_norm/0.bias",
            "update_norm",
            "update_norm/0.bias",
        ]
    }
    assert "tag 'watch/gradient_norm/0.bias': NaN" in caplog.text


def test_steps_go_on_where_a_run_is_resumed_and_updates_may_be_left_out(tmp_path):
    model = network()
    training = Training(model, torch.optim.SGD(model.parameters(), lr=0.1))
    training.run(tmp_path, steps=6, every=5, step=1003, tag="net", updates=False)
    found = by_step(tmp_path, "net")
    assert found.keys() == {1005}
    expected = {tag: value for tag, value in training.expected[2].items() if "update" not in tag}
    assert found[1005] == pytest.approx(expected, rel=1e-5)


def test_parameters_without_gradients_are_left_out(tmp_path):
    model = network(nn.Linear(8, 8))
    model[0].requires_grad_(False)
    model.unused = nn.Linear(1, 1)
    alone = nn.Parameter(torch.full((2,), 3.0))
    optimizer = torch.optim.SGD([*model.parameters(), alone], lr=0.1)
    model[:3].unused = None
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer)
        (nn.Sequential(*model[:4])(batches(1)[0]).square().mean() + alone.sum()).backward()
        optimizer.step()
    values = by_step(tmp_path)[0]
    gradients = {tag.partition("/")[2] for tag in values if tag.startswith("gradient_norm/")}
    assert gradients == {"2.weight", "2.bias", "3.weight", "3.bias", "param_groups.0.8"}
    weights = {tag.partition("/")[2] for tag in values if tag.startswith("weight_norm/")}
    assert weights == gradients | {"unused.weight", "unused.bias"}
    assert values["weight_norm/param_groups.0.8"] == pytest.approx(2**0.5 * 2.9)


class Mixed(nn.Module):
    """Parameters of several dtypes and layouts, and one with two names."""

    def __init__(self):
        super().__init__()
        self.small = nn.Parameter(torch.full((300,), 0.01, dtype=torch.bfloat16))
        self.large = nn.Parameter(torch.full((3,), 2.0, dtype=torch.float64))
        self.pairs = nn.Parameter(torch.full((3,), 1 + 2j))
        self.table = nn.Embedding(5, 2, sparse=True)
        self.tied = self.small

    def forward(self):
        rows = self.table(torch.tensor([1, 1, 3]))
        numbers = [
            self.small.float().sum(),
            self.large.sum(),
            self.pairs.abs().sum(),
            rows.sum(),
            self.tied.float().sum(),
        ]
        return sum(number.double() for number in numbers)


def test_dtypes_and_layouts(tmp_path):
    model = Mixed()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, histograms=False)
        model().backward()
        optimizer.step()
    values = by_step(tmp_path)[0]
    found = {tag.partition("/")[2]: value for tag, value in values.items() if tag.startswith("gradient_norm/")}
    expected = {"small": 2 * 300**0.5, "large": 3**0.5, "pairs": 3**0.5, "table.weight": (2 * (4 + 1)) ** 0.5}
    assert found == pytest.approx(expected, rel=1e-6)
    assert values["update_norm/large"] == pytest.approx(0.5 * 3**0.5)


def test_a_step_with_a_closure(tmp_path):
    model = network()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=1)
    batch = batches(1)[0]
    passes = []

    def closure():
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        loss.backward()
        passes.append(norms("gradient", {name: parameter.grad for name, parameter in model.named_parameters()}))
        return loss

    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, every=1)
        for _ in range(2):
            optimizer.step(closure)
    found = by_step(tmp_path)
    for step, expected in enumerate(passes):
        assert {tag: value for tag, value in found[step].items() if "gradient" in tag} == pytest.approx(
            expected, rel=1e-5
        )


def test_gradients_that_were_there_before_are_taken_as_the_optimizer_gets_them(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(batches(1)[0]).square().mean().backward()
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer)
        optimizer.step()
    values = by_step(tmp_path)[0]
    assert {tag: value for tag, value in values.items() if "gradient" in tag} == pytest.approx(
        norms("gradient", gradients)
    )


def test_a_backward_pass_that_fails_is_followed_by_one_that_counts(tmp_path):
    model = network()
    training = Training(model, torch.optim.SGD(model.parameters(), lr=0.1))

    def fail_first(batch):
        hook = model[0].weight.register_hook(lambda gradient: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            model(batch).square().mean().backward()
        hook.remove()
        model.zero_grad()
        model(batch).square().mean().backward()

    training.backward = fail_first
    training.run(tmp_path, steps=1)
    assert by_step(tmp_path)[0] == pytest.approx(training.expected[0], rel=1e-5)

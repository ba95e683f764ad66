"""How a model is run for its graph, and how it is left."""

from __future__ import annotations

import logging
import warnings

import pytest

torch = pytest.importorskip("torch")

from graph_checks import check_connected  # noqa: E402
from torch import nn  # noqa: E402
from torch_models import ROWS, DictOutput, TwoInputs, mlp  # noqa: E402

from tensorboardX.graph.pytorch import graph, is_torch_model  # noqa: E402


class Calls(nn.Module):
    """Counts its calls, then does what it was made for."""

    def __init__(self, act) -> None:
        super().__init__()
        self.count = 0
        self.act = act

    def forward(self, *args):
        self.count += 1
        return self.act(*args)


class CustomError(Exception):
    def __init__(self, code, detail) -> None:
        super().__init__(code, detail)


def raises(error):
    def act(*_):
        raise error

    return act


@pytest.mark.parametrize(
    "error", [ValueError("bad"), RuntimeError("boom"), CustomError(3, "x"), KeyError("k"), NotImplementedError("no")]
)
def test_an_error_of_forward_comes_as_it_is(error, capfd):
    model = Calls(raises(error))
    with pytest.raises(type(error)) as caught:
        graph(nn.Sequential(nn.Linear(4, 4), model), ROWS)
    assert caught.value is error
    assert error.__cause__ is None
    assert error.__context__ is None
    assert model.count == 1
    assert capfd.readouterr() == ("", "")


def test_a_keyboard_interrupt_restores_the_modes():
    model = Calls(raises(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        graph(model, ROWS)
    assert model.training


def test_an_operator_that_refuses_its_inputs_says_so(capfd, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(2x4 and 3x3\)"):
        graph(nn.Linear(3, 3), ROWS)
    with pytest.raises(IndexError, match="list index out of range"):
        graph(Calls(lambda x: [x][1]), ROWS)
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        graph(Calls(lambda x: x.missing), ROWS)
    assert capfd.readouterr() == ("", "")


def test_tracing_works_again_after_an_error():
    with pytest.raises(ValueError, match="bad"):
        graph(Calls(raises(ValueError("bad"))), ROWS)
    assert torch.jit.is_tracing() is False
    assert len(graph(mlp(), ROWS)[0].node) > 5


@pytest.mark.parametrize("fails", [False, True])
def test_modes_of_every_submodule_are_kept(fails):
    seen = []
    inner = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(4))
    probe = Calls(lambda x: seen.append(inner[1].training) or (x[9] if fails else x))
    model = nn.Sequential(nn.Linear(4, 4), inner, probe)
    model.train()
    inner[1].eval()
    before = [module.training for module in model.modules()]
    statistics = {key: value.clone() for key, value in model.state_dict().items()}
    if fails:
        with pytest.raises(IndexError):
            graph(model, ROWS)
    else:
        graph(model, ROWS)
    assert [module.training for module in model.modules()] == before
    assert set(before) == {True, False}
    assert set(seen) == {False}
    assert all(torch.equal(value, statistics[key]) for key, value in model.state_dict().items())


def test_a_train_method_of_the_user_is_not_called():
    class Merging(nn.Linear):
        switched = 0

        def train(self, mode=True):
            self.switched += 1
            return super().train(mode)

    model = Merging(4, 4)
    graph(model, ROWS)
    assert model.switched == 0


def test_hooks_are_neither_added_nor_removed():
    model = mlp()
    calls = []
    model[0].register_forward_hook(lambda *_: calls.append("mine"))
    graph(model, ROWS)
    left = [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules()]
    assert sum(left) == 1
    calls.clear()
    model(ROWS)
    assert calls == ["mine"]


def test_forward_runs_once():
    model = Calls(lambda x: x + 1)
    graph(model, ROWS)
    assert model.count == 1


def test_only_our_own_warnings_are_silent(recwarn):
    def act(x):
        warnings.warn("mine", UserWarning, stacklevel=1)
        warnings.warn("mine too", DeprecationWarning, stacklevel=1)
        return x + 1 if x.sum() > 0 else x  # the tracer would warn of this branch

    warnings.simplefilter("always")
    graph(Calls(act), ROWS)
    assert [str(warning.message) for warning in recwarn] == ["mine", "mine too"]


@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning])
def test_no_version_of_torch_says_that_its_tracer_is_deprecated(recwarn, monkeypatch, category):
    trace = torch.jit.trace

    def deprecated(*args, **kwargs):  # as in 2.14.1
        for name in ("trace", "trace_method"):
            advice = "Please switch to `torch.compile` or `torch.export`."
            warnings.warn(f"`torch.jit.{name}` is deprecated. {advice}", category, stacklevel=2)
        return trace(*args, **kwargs)

    monkeypatch.setattr(torch.jit, "trace", deprecated)
    warnings.simplefilter("always")
    graph(torch.nn.Linear(3, 2), torch.ones(1, 3))
    assert not recwarn.list


def test_nothing_is_printed_and_verbose_logs(capfd, caplog):
    with caplog.at_level(logging.INFO, logger="tensorboardX.graph.pytorch"):
        graph(mlp(), ROWS)
        assert caplog.records == []
        graph(mlp(), ROWS, verbose=True)
    assert "aten::linear" in caplog.text
    assert capfd.readouterr() == ("", "")


def test_dict_and_keyword_free_calls():
    assert len(graph(Calls(lambda batch: batch["x"] + 1), {"x": ROWS})[0].node) > 2
    assert len(graph(Calls(lambda: torch.ones(2)), ())[0].node) > 1


@pytest.mark.parametrize(
    ("act", "args"),
    [
        pytest.param(lambda x: {"y": x + 1}, ROWS, id="dict in a strict trace"),
        pytest.param(lambda x, n: x * n, (ROWS, 3), id="a number among the inputs"),
        pytest.param(lambda x: x * LOOSE, ROWS, id="a loose tensor that requires a gradient"),
    ],
)
def test_what_cannot_be_traced_is_exported(act, args, capfd, caplog):
    with caplog.at_level(logging.INFO, logger="tensorboardX.graph.pytorch"):
        made, metadata = graph(Calls(act), args)
    check_connected(made)
    assert any(each.op.startswith("aten.") for each in made.node)
    assert metadata.step_stats.dev_stats[0].device == "/device:CPU:0"
    assert "torch.export is used" in caplog.text
    assert capfd.readouterr() == ("", "")


LOOSE = torch.ones(4, requires_grad=True) * 2


def test_a_dict_output_is_traced_where_the_trace_is_not_strict():
    made, _ = graph(DictOutput(), ROWS, use_strict_trace=False)
    assert "prim::DictConstruct" in {each.op for each in made.node}


def test_a_strict_trace_that_is_asked_for_raises_what_the_tracer_raises():
    with pytest.raises(RuntimeError, match="dict"):
        graph(DictOutput(), ROWS, use_strict_trace=True)
    assert len(graph(mlp(), ROWS, use_strict_trace=True)[0].node) == len(graph(mlp(), ROWS)[0].node)


def test_a_compiled_module_shows_the_module_itself():
    model = mlp()
    assert graph(torch.compile(model), ROWS)[0] == graph(model, ROWS)[0]


def test_where_the_tracer_is_switched_off(monkeypatch):
    monkeypatch.setattr(torch.jit._trace, "_enabled", False)
    made, _ = graph(mlp(), ROWS)
    check_connected(made)
    assert "Sequential/Sequential[2]/Linear[0]/weight" in {each.name for each in made.node}
    with pytest.raises(ValueError, match=r"^bad$"):
        graph(Calls(raises(ValueError("bad"))), ROWS)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"got int 3; accepted is a torch\.nn\.Module"):
        graph(3)
    with pytest.raises(TypeError, match="got no inputs"):
        graph(TwoInputs())
    assert not is_torch_model(lambda x: x)
    assert is_torch_model(mlp())

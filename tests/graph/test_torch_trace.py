"""Our graphs beside those of `torch.utils.tensorboard`, which needs TensorBoard installed and ours does not."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboard")

from graph_checks import node, shapes, stock  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.tensorboard._pytorch_graph import graph as torch_graph  # noqa: E402
from torch_models import IMAGE, MODELS, ROWS, Reassigned, Residual, mlp  # noqa: E402

from tensorboardX.graph.pytorch import graph  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning")


def rows(graph_def):
    return [(each.name, each.op, list(each.input), each.device, dict(each.attr)) for each in graph_def.node]


@pytest.mark.parametrize("name", MODELS)
def test_every_node_is_the_one_torch_writes(name):
    make, args, strict = MODELS[name]
    model = make()
    ours, metadata = graph(model, args, use_strict_trace=strict)
    theirs, their_metadata = torch_graph(model, args, use_strict_trace=strict)
    assert len(theirs.node) > 1
    assert rows(stock(ours)) == rows(theirs)
    assert stock(ours).SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)
    assert metadata.SerializeToString() == their_metadata.SerializeToString()


def test_output_is_kept_where_a_variable_is_called_output():
    """torch loses the node of the graph's output then; all others are the same."""
    model = Reassigned()
    ours = rows(stock(graph(model, ROWS)[0]))
    theirs = rows(torch_graph(model, ROWS)[0])
    extra = [row for row in ours if row not in theirs]
    assert [row for row in theirs if row not in ours] == []
    assert [(name, op) for name, op, *_ in extra] == [("output/output.1", "IO Node")]
    assert extra[0][2][0] in {row[0] for row in ours}


def test_a_traced_module_gives_the_graph_of_its_model():
    model = mlp().eval()
    traced = torch.jit.trace(model, ROWS)
    before = str(traced.graph)
    names = {each.name for each in graph(traced)[0].node}
    assert {
        each.name for each in graph(model, ROWS)[0].node if "Linear" in each.name and "weight" in each.name
    } <= names
    assert str(traced.graph) == before


def test_a_scripted_module_is_read_and_left_as_it_is():
    """torch inlines the module's own graph instead; so its numbers in names are others."""
    scripted = torch.jit.script(mlp())
    before = str(scripted.graph)
    made, _ = graph(scripted)
    assert str(scripted.graph) == before
    theirs, _ = torch_graph(scripted, ROWS)
    assert [(each.op, len(each.input)) for each in made.node] == [(each.op, len(each.input)) for each in theirs.node]
    assert any(each.name.startswith("Sequential/Sequential[2]/Linear[0]/weight/") for each in made.node)


def test_a_scripted_function():
    made, _ = graph(double_positive)
    assert [each.op for each in made.node][:2] == ["IO Node", "IO Node"]
    assert {"prim::If", "aten::gt"} <= {each.op for each in made.node}
    assert any(each.name.startswith("double_positive/") for each in made.node)


@torch.jit.script
def double_positive(x):
    if bool(x.sum() > 0):
        return x * 2
    return x


def test_thousands_of_layers_take_seconds():
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(2000)])
    start = time.perf_counter()
    made, _ = graph(model, torch.zeros(1, 2))
    assert len(made.node) == 2000 * 3 + 2
    assert time.perf_counter() - start < 30  # 2 s measured; the bound is for a busy machine


def test_deep_nesting_takes_seconds():
    model: nn.Module | None = None
    for _ in range(60):
        model = Residual(model)
    start = time.perf_counter()
    made, _ = graph(model, IMAGE)
    assert max(each.name.count("[inner]") for each in made.node) == 59
    assert time.perf_counter() - start < 30


def test_shapes_are_those_of_the_outputs():
    made, _ = graph(mlp(), ROWS)
    linear = [shapes(made, each.name) for each in made.node if each.op == "aten::linear"]
    assert linear == [[[2, 8]], [[2, 8]], [[2, 2]]]
    assert shapes(made, "output/output.1") == [[2, 2]]
    assert node(made, "input/input.1").op == "IO Node"


def test_tensorboard_is_not_imported():
    code = (
        "import sys; sys.modules['tensorboard'] = None\n"
        "import torch; from tensorboardX.graph.pytorch import graph\n"
        "made, _ = graph(torch.nn.Linear(4, 2), torch.zeros(1, 4))\n"
        "assert any(node.op == 'aten::linear' for node in made.node)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from graph_checks import check_connected, node, shapes, sources  # noqa: E402
from torch_models import MODELS, ROWS, Constants, DictOutput, Shared  # noqa: E402

from tensorboardX.graph.pytorch import graph  # noqa: E402
from tensorboardX.proto.types_pb2 import DT_FLOAT  # noqa: E402


def exported(model, *args, **options):
    return torch.export.export(model.eval(), args, **options)


def test_operations_lie_in_the_scopes_of_their_modules():
    made, _ = graph(exported(DictOutput(), ROWS))
    check_connected(made)
    linear = "DictOutput/Sequential[layers]/Linear[0]"
    assert node(made, f"{linear}/linear").op == "aten.linear.default"
    assert sources(made, f"{linear}/linear") == ["input/x", f"{linear}/weight", f"{linear}/bias"]
    assert shapes(made, f"{linear}/weight") == [[4, 4]]
    assert node(made, f"{linear}/linear").attr["dtype"].type == DT_FLOAT
    norm = "DictOutput/Sequential[layers]/Sequential[1]/BatchNorm1d[0]"
    assert f"{norm}/running_mean" in {each.name for each in made.node}
    assert sources(made, "output/output.2") == ["DictOutput/sum_1"]
    assert shapes(made, "output/output.2") == [[]]


def test_sizes_that_depend_on_the_input_are_unknown():
    batch = torch.export.Dim("batch", min=2)
    made, _ = graph(exported(DictOutput(), ROWS, dynamic_shapes=({0: batch},)))
    assert shapes(made, "input/x") == [[-1, 4]]
    assert shapes(made, "output/output.1") == [[-1, 4]]


@pytest.mark.parametrize(
    "name", ["mlp", "residual", "shared submodule", "buffers and constants", "containers", "lstm", "identity"]
)
def test_graphs_are_connected(name):
    make, args, _ = MODELS[name]
    made, _ = graph(exported(make(), args))
    check_connected(made)
    outputs = [each for each in made.node if each.name.startswith("output/")]
    assert outputs
    assert all(len(each.input) == 1 for each in outputs)


def test_several_outputs_of_one_operation():
    made, _ = graph(exported(Constants(), ROWS))
    (split,) = (each for each in made.node if each.op.startswith(("aten.split", "aten.chunk")))
    assert shapes(made, split.name) == [[2, 2], [2, 2]]
    assert [each.op for each in made.node if split.name in each.input][:2] == ["getitem", "getitem"]


def test_a_shared_submodule_shows_where_it_is_called():
    made, _ = graph(exported(Shared(), ROWS))
    linear = [each.name for each in made.node if each.op == "aten.linear.default"]
    assert len(linear) == 4
    assert any("Sequential[chain]" in name for name in linear)

from __future__ import annotations

import pytest

onnx = pytest.importorskip("onnx")

import numpy as np  # noqa: E402
from graph_checks import check_connected, node, shapes, sources  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from tensorboardX import SummaryWriter  # noqa: E402
from tensorboardX.graph.onnx import load_onnx_graph, parse  # noqa: E402
from tensorboardX.proto.types_pb2 import DT_FLOAT, DT_INT64  # noqa: E402
from tensorboardX.testing import read_events  # noqa: E402


def tensor(name, shape, element=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def weights(name, *shape):
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


@pytest.fixture
def load(tmp_path):
    def save_and_load(graph):
        path = tmp_path / "model.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
        made = load_onnx_graph(path)
        check_connected(made)
        assert parse(graph) == made
        return made

    return save_and_load


def test_edges_lead_to_the_nodes_that_made_the_tensors(load):
    """Node names, as PyTorch's exporter writes them, differ from the names of the tensors they make."""
    made = load(
        helper.make_graph(
            [
                helper.make_node(
                    "Gemm", ["x", "fc.weight", "fc.bias"], ["/fc/Gemm_output_0"], "/fc/Gemm", alpha=1.0, transB=1
                ),
                helper.make_node("Relu", ["/fc/Gemm_output_0"], ["y"], "/act/Relu"),
            ],
            "main_graph",
            [tensor("x", ["batch", 4])],
            [tensor("y", ["batch", 3])],
            [weights("fc.weight", 3, 4), weights("fc.bias", 3)],
            value_info=[tensor("/fc/Gemm_output_0", ["batch", 3])],
        )
    )
    assert [(each.name, each.op, list(each.input)) for each in made.node] == [
        ("fc.weight", "Const", []),
        ("fc.bias", "Const", []),
        ("x", "Placeholder", []),
        ("fc/Gemm", "Gemm", ["x", "fc.weight", "fc.bias"]),
        ("act/Relu", "Relu", ["fc/Gemm"]),
        ("y", "Output", ["act/Relu"]),
    ]
    assert shapes(made, "x") == [[-1, 4]]
    assert shapes(made, "fc.weight") == [[3, 4]]
    assert shapes(made, "fc/Gemm") == [[-1, 3]]
    gemm = node(made, "fc/Gemm").attr
    assert (gemm["alpha"].f, gemm["transB"].i, gemm["dtype"].type) == (1.0, 1, DT_FLOAT)


def test_unnamed_nodes_and_colons_in_names(load):
    made = load(
        helper.make_graph(
            [
                helper.make_node("Identity", ["in:0"], ["mid:0"]),
                helper.make_node("Add", ["mid:0", "mid:0"], ["out:0"]),
            ],
            "g",
            [tensor("in:0", [2])],
            [tensor("out:0", [2])],
        )
    )
    assert [(each.op, list(each.input)) for each in made.node] == [
        ("Placeholder", []),
        ("Identity", ["in_0"]),
        ("Add", ["mid_0", "mid_0"]),
        ("Output", ["out_0"]),
    ]


def test_nodes_of_one_name_and_out_of_order(load):
    made = load(
        helper.make_graph(
            [
                helper.make_node("Relu", ["a"], ["b"], "act"),
                helper.make_node("Neg", ["x"], ["a"], "act"),
            ],
            "g",
            [tensor("x", [2])],
            [tensor("b", [2])],
        )
    )
    assert sources(made, "act") == ["act_1"]
    assert sources(made, "act_1") == ["x"]


def test_further_outputs_are_slots_and_absent_inputs_are_left_out(load):
    made = load(
        helper.make_graph(
            [
                helper.make_node("Split", ["x"], ["left", "right"], "split", axis=0),
                helper.make_node("Clip", ["right", "", "top"], ["y"], "clip"),
            ],
            "g",
            [tensor("x", [4]), tensor("top", [])],
            [tensor("y", [2])],
            value_info=[tensor("left", [2]), tensor("right", [2])],
        )
    )
    assert shapes(made, "split") == [[2], [2]]
    assert sources(made, "clip") == ["split:1", "top"]


def test_nested_graphs_are_scopes(load):
    branch = {
        name: helper.make_graph([helper.make_node(op, ["x"], ["r"], "op")], name, [], [tensor("r", [2])])
        for name, op in (("yes", "Neg"), ("no", "Abs"))
    }
    made = load(
        helper.make_graph(
            [helper.make_node("If", ["c"], ["y"], "if", then_branch=branch["yes"], else_branch=branch["no"])],
            "g",
            [tensor("c", [], TensorProto.BOOL), tensor("x", [2])],
            [tensor("y", [2])],
        )
    )
    assert sources(made, "if/then_branch/op") == ["x"]
    assert node(made, "if/else_branch/op").op == "Abs"
    assert sorted(sources(made, "if")) == ["c", "if/else_branch/op", "if/then_branch/op"]


def test_data_is_not_embedded(load, capfd):
    made = load(
        helper.make_graph(
            [
                helper.make_node("Constant", [], ["k"], "k", value=weights("v", 100, 1000)),
                helper.make_node("Constant", [], ["i"], "i", value_ints=list(range(100_000))),
                helper.make_node("MatMul", ["k", "w"], ["y"], "matmul"),
            ],
            "g",
            [tensor("w", [1000, 100])],  # old files list initializers among the inputs
            [tensor("y", [100, 100])],
            [weights("w", 1000, 100)],
        )
    )
    assert made.ByteSize() < 4096
    assert node(made, "k").attr["value"].s == b"FLOAT[100, 1000]"
    assert [each.op for each in made.node if each.name == "w"] == ["Const"]
    assert capfd.readouterr() == ("", "")


def test_weights_in_another_file_are_not_needed(tmp_path):
    product = helper.make_node("MatMul", ["x", "w"], ["y"], "matmul")
    graph = helper.make_graph([product], "g", [tensor("x", [2, 64])], [tensor("y", [2, 64])], [weights("w", 64, 64)])
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    (tmp_path / "w.bin").unlink()
    made = load_onnx_graph(str(path))
    assert shapes(made, "w") == [[64, 64]]


def test_element_types_are_those_of_tensorflow(load):
    made = load(
        helper.make_graph(
            [helper.make_node("Identity", ["x"], ["y"], "id")],
            "g",
            [tensor("x", [2], TensorProto.INT64)],
            [tensor("y", None, TensorProto.INT64)],
        )
    )
    assert node(made, "x").attr["dtype"].type == DT_INT64
    assert "_output_shapes" not in node(made, "id").attr


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_onnx_graph(tmp_path / "missing.onnx")


@pytest.mark.parametrize("content", [b"", b"\x08\x09", b"no model"])
def test_a_file_without_a_graph_is_refused(tmp_path, content):
    """An empty one too, and one with nothing but a version, which protobuf reads as a message without a graph."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    writer = SummaryWriter(tmp_path / "run")
    with pytest.raises(ValueError, match=r"onnx_model_file: '.*model\.onnx' is no ONNX model"):
        writer.add_onnx_graph(path)
    writer.close()
    assert not read_events(tmp_path / "run")


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"garbage" * 9)
    with pytest.raises(ValueError, match=r"onnx_model_file: '.*model\.onnx' is no ONNX model"):
        load_onnx_graph(tmp_path / "model.onnx")


@pytest.mark.parametrize("path", [5, "a\0b", "\ud800", ["x"]], ids=repr)
def test_what_is_no_path_is_refused(path):
    with pytest.raises((TypeError, ValueError), match=r"onnx_model_file: got .* accepted is a path"):
        load_onnx_graph(path)

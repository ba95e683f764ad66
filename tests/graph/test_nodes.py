from __future__ import annotations

import pytest
from graph_checks import stock

from tensorboardX.graph.nodes import UniqueNames, graph_def, node, safe_name, slot, type_attr, typed_attr
from tensorboardX.proto.types_pb2 import DataType


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("/layers/layers.0/Gemm", "layers/layers.0/Gemm"),
        ("model/dense/BiasAdd:0", "model/dense/BiasAdd_0"),
        ("a//b/", "a/b"),
        ("^control", "_control"),
        ("Net/Linear[0]/weight", "Net/Linear[0]/weight"),
        ("größe 'x'\n", "gr__e__x__"),
        ("", "node"),
        ("///", "node"),
    ],
)
def test_names_are_made_safe(wish, name):
    assert safe_name(wish) == name


def test_names_are_unique_whatever_was_asked_for():
    unique = UniqueNames()
    names = [unique.take(wish) for wish in ("a", "a", "a_1", "a_1_1", "a:", "a_", "a", "/a")]
    assert len(set(names)) == len(names)
    assert names[:2] == ["a", "a_1"]


def test_many_equal_names_take_linear_time():
    unique = UniqueNames()
    assert len({unique.take("add") for _ in range(50_000)}) == 50_000


def test_shapes_and_unknown_sizes():
    graph = stock(graph_def([node("n", "Op", ["m", slot("m", 2)], [[2, None, -5], None, []])]))
    (made,) = graph.node
    first, second, third = made.attr["_output_shapes"].list.shape
    assert [dim.size for dim in first.dim] == [2, -1, -1]
    assert second.unknown_rank
    assert not third.unknown_rank
    assert list(third.dim) == []
    assert list(made.input) == ["m", "m:2"]


def test_no_shape_is_said_where_none_is_known():
    assert "_output_shapes" not in node("n", "Op", (), [None]).attr


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("float32", "DT_FLOAT"),
        ("FLOAT16", "DT_HALF"),
        ("BFLOAT16", "DT_BFLOAT16"),
        ("FP32", "DT_FLOAT"),
        ("bf16", "DT_BFLOAT16"),
        ("i64", "DT_INT64"),
        ("int8", "DT_INT8"),
        ("bool", "DT_BOOL"),
        ("boolean", "DT_BOOL"),
        ("f64", "DT_DOUBLE"),
        ("STRING", "DT_STRING"),
    ],
)
def test_element_types(name, code):
    assert type_attr(name)["dtype"].type == DataType.Value(code)


@pytest.mark.parametrize("name", ["", "undefined", "key<fry>"])
def test_element_types_without_a_code(name):
    assert type_attr(name) == {}


def test_attributes_keep_their_type_and_are_never_huge():
    assert typed_attr(True).b is True
    assert typed_attr(-3).i == -3
    assert typed_attr(0.5).f == 0.5
    assert typed_attr("same").s == b"same"
    assert typed_attr([1, 2]).s == b"[1, 2]"
    assert typed_attr(2**64).s == str(2**64).encode()
    assert len(typed_attr("x" * 10**6).s) == 1024
    assert len(typed_attr(list(range(10**6))).s) == 1024

"""Layouts of the custom scalars dashboard, judged by TensorBoard."""

from __future__ import annotations

import pytest
from support import served

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.layout_pb2 import Layout
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.proto.types_pb2 import DT_STRING
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary.chart_layout import custom_scalars, merge_layouts, prepare_custom_scalars

LAYOUT = {
    "Taiwan": {"twse": ["Multiline", ["twse/0050", "twse/2330"]]},
    "USA": {
        "dow": ["Margin", ["dow/aaa", "dow/bbb", "dow/ccc"]],
        "nasdaq": ["Margin", ["n/a", "n/b", "n/c", "n/d", "n/e", "n/f"]],
    },
}


def decode(summary):
    [value] = summary.value
    [data] = value.tensor.string_val
    return Layout.FromString(data)


def test_the_layout_is_a_string_of_rank_0_under_its_one_tag():
    [value] = custom_scalars(LAYOUT).value
    assert value.tag == "custom_scalars__config__"
    assert value.metadata.plugin_data.plugin_name == "custom_scalars"
    assert value.tensor.dtype == DT_STRING
    assert not value.tensor.tensor_shape.dim


def test_charts_are_lines_or_margins():
    taiwan, usa = decode(custom_scalars(LAYOUT)).category
    assert (taiwan.title, usa.title) == ("Taiwan", "USA")
    [chart] = taiwan.chart
    assert (chart.title, list(chart.multiline.tag)) == ("twse", ["twse/0050", "twse/2330"])
    dow, nasdaq = usa.chart
    [series] = dow.margin.series
    assert (series.value, series.lower, series.upper) == ("dow/aaa", "dow/bbb", "dow/ccc")
    assert [series.value for series in nasdaq.margin.series] == ["n/a", "n/d"]


def test_one_tag_needs_no_list_and_kinds_may_be_in_any_case():
    layout = {"c": {"one": ("multiline", "loss.*"), "two": ["MARGIN", ("a", "b", "c")]}}
    one, two = decode(custom_scalars(layout)).category[0].chart
    assert list(one.multiline.tag) == ["loss.*"]
    assert two.margin.series[0].upper == "c"


@pytest.mark.parametrize(
    ("layout", "named"),
    [
        (None, "layout"),
        ([("c", {})], "layout"),
        ({"c": ["Multiline", ["a"]]}, "category 'c'"),
        ({"c": {"x": "Multiline"}}, "category 'c', chart 'x'"),
        ({"c": {"x": ["Multiline"]}}, "category 'c', chart 'x'"),
        ({"c": {"x": []}}, "category 'c', chart 'x'"),
        ({"c": {"x": ["Bars", ["a"]]}}, "category 'c', chart 'x'"),
        ({"c": {"x": ["Margin", ["a", "b"]]}}, "category 'c', chart 'x'"),
        ({"c": {"x": ["Margin", []]}}, "category 'c', chart 'x'"),
        ({"c": {"x": ["Margin", "a"]}}, "category 'c', chart 'x'"),
        ({"c": {"x": ["Multiline", [1]]}}, "category 'c', chart 'x'"),
        ({"c": {"x": ["Multiline", None]}}, "category 'c', chart 'x'"),
        ({"c": {"x": ["Multiline", ["a", "loss(("]]}}, "category 'c', chart 'x'"),
        ({3: {"x": ["Multiline", ["a"]]}}, "3"),
        ({"c": {None: ["Multiline", ["a"]]}}, "None"),
    ],
)
def test_what_is_no_layout_is_refused_by_category_and_chart(layout, named):
    with pytest.raises((TypeError, ValueError), match=f"{named}.*got.*accepted"):
        prepare_custom_scalars(layout)


def test_layouts_merge_chart_by_chart():
    second = {
        "USA": {"dow": ["Multiline", ["dow/.*"]], "s&p": ["Multiline", ["sp"]]},
        "Japan": {"nikkei": ["Multiline", ["nikkei"]]},
    }
    merged = merge_layouts(LAYOUT, second)
    assert list(merged) == ["Taiwan", "USA", "Japan"]
    assert list(merged["USA"]) == ["dow", "nasdaq", "s&p"]
    assert merged["USA"]["dow"] == ["Multiline", ["dow/.*"]]
    assert merged["USA"]["nasdaq"] == LAYOUT["USA"]["nasdaq"]
    assert merge_layouts({}, LAYOUT) == merge_layouts(LAYOUT, {}) == LAYOUT
    assert LAYOUT["USA"]["dow"][0] == "Margin"  # what is merged is left alone
    assert [category.title for category in decode(custom_scalars(merged)).category] == list(merged)


def test_the_layout_may_be_changed_before_it_is_encoded():
    tags = ["a"]
    layout = {"c": {"x": ["Multiline", tags]}}
    encode = prepare_custom_scalars(layout)
    tags.append("b")
    layout["c"].clear()
    assert list(decode(encode()).category[0].chart[0].multiline.tag) == ["a"]


def test_tensorboard_serves_the_layout_and_its_tags(tensorboard, tmp_path):
    writer = RecordWriter(str(tmp_path / "events.out.tfevents.1.test"))
    writer.write(Event(file_version="brain.Event:2").SerializeToString())
    scalar = Summary(value=[Summary.Value(tag="twse/0050", simple_value=0.5)])
    for summary in (custom_scalars(LAYOUT), scalar):
        writer.write(Event(step=1, wall_time=1.0, summary=summary).SerializeToString())
    writer.close()
    tb = tensorboard(tmp_path)
    taiwan, usa = served.custom_scalars_layout(tb)["category"]
    assert taiwan["chart"] == [{"title": "twse", "multiline": {"tag": ["twse/0050", "twse/2330"]}}]
    assert [len(chart["margin"]["series"]) for chart in usa["chart"]] == [1, 2]
    assert served.custom_scalars(tb, "twse/.*") == {".": {"twse/0050": [(1, 0.5)]}}

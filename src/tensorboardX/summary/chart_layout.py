"""The layout of the custom scalars dashboard: which tags share a chart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ..errors import RefusedTypeError, RefusedValueError, describe, reason, shown
from ..proto.layout_pb2 import Category, Chart, Layout, MarginChartContent, MultilineChartContent
from ..proto.summary_pb2 import Summary
from .metadata import plugin_metadata
from .size import check_texts
from .tags import check_tag
from .tensor_proto import string_proto

TAG = "custom_scalars__config__"

Charts = dict[str, tuple[str, list[str]]]
"""For each title of a chart, its kind and its tags."""


def custom_scalars(layout: Mapping[str, Any]) -> Summary:
    """Return the Summary of a layout, a DT_STRING tensor of rank 0 that holds a Layout.

    Args:
        layout: for each title of a category, and in it each title of a chart, `["Multiline", tags]`, tags being
            regular expressions of which each draws what begins with it, or `["Margin", tags]`, tags being the value,
            its lower and its upper bound, once or several times.

    Raises TypeError or ValueError that names category and chart.
    Format: tensorboard/plugins/custom_scalar/layout.proto.
    """
    return prepare_custom_scalars(layout)()


def prepare_custom_scalars(layout: Mapping[str, Any]) -> partial[Summary]:
    """Check and copy the argument of `custom_scalars`; the call of what is returned encodes it."""
    checked = _checked(layout)
    check_texts(TAG, _texts(checked))
    return partial(_encode, checked)


def merge_layouts(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, dict[str, list[Any]]]:
    """Return a layout with the charts of both. A chart of `second` replaces one of the same category and title.

    TensorBoard keeps only the last layout of a run: the whole of it has to be written each time.
    Raises TypeError or ValueError as `custom_scalars`.
    """
    merged = _checked(first)
    for category, charts in _checked(second).items():
        merged.setdefault(category, {}).update(charts)
    return {
        category: {title: [kind, list(tags)] for title, (kind, tags) in charts.items()}
        for category, charts in merged.items()
    }


def _checked(layout: Any) -> dict[str, Charts]:
    return {
        check_tag(category): {
            check_tag(title): _checked_chart(f"category {shown(category)}, chart {shown(title)}", chart)
            for title, chart in _items(f"category {shown(category)}", charts, "a dict of charts")
        }
        for category, charts in _items("layout", layout, "a dict of categories")
    }


def _texts(layout: Mapping[str, Charts]) -> Iterator[str]:
    for category, charts in layout.items():
        yield category
        for title, (_, tags) in charts.items():
            yield from (title, *tags)


def _items(place: str, mapping: Any, accepted: str) -> list[tuple[Any, Any]]:
    if not isinstance(mapping, Mapping):
        raise RefusedTypeError(f"{place}: got {describe(mapping)}; accepted is {accepted}")
    return list(mapping.items())


def _checked_chart(place: str, chart: Any) -> tuple[str, list[str]]:
    accepted = "['Multiline', tags] or ['Margin', tags]"
    if not isinstance(chart, (list, tuple)):
        raise RefusedTypeError(f"{place}: got {describe(chart)}; accepted is {accepted}")
    kind = chart[0].capitalize() if len(chart) == 2 and isinstance(chart[0], str) else ""
    if kind not in ("Multiline", "Margin"):
        raise RefusedValueError(f"{place}: got {describe(chart)}; accepted is {accepted}")
    tags = [chart[1]] if isinstance(chart[1], str) else chart[1]
    if not isinstance(tags, (list, tuple)) or not all(isinstance(tag, str) for tag in tags):
        raise RefusedTypeError(f"{place}: got {describe(tags)}; accepted are tags, a list of strings")
    tags = [check_tag(tag) for tag in tags]
    if kind == "Margin" and (not tags or len(tags) % 3):
        raise RefusedValueError(f"{place}: got {len(tags)} tags; accepted are three: value, lower and upper bound")
    if kind == "Multiline":
        _check_patterns(place, tags)
    return kind, tags


def _check_patterns(place: str, tags: list[str]) -> None:
    for tag in tags:
        try:
            re.compile(tag)
        except (re.error, OverflowError, RecursionError) as error:
            why = f"accepted is a regular expression ({reason(error)})"
            raise RefusedValueError(f"{place}: got {shown(tag)}; {why}") from error


def _encode(layout: dict[str, Charts]) -> Summary:
    message = Layout(
        category=[
            Category(title=category, chart=[_chart(title, kind, tags) for title, (kind, tags) in charts.items()])
            for category, charts in layout.items()
        ]
    )
    tensor = string_proto([message.SerializeToString()], [])
    return Summary(value=[Summary.Value(tag=TAG, metadata=plugin_metadata("custom_scalars"), tensor=tensor)])


def _chart(title: str, kind: str, tags: list[str]) -> Chart:
    if kind == "Multiline":
        return Chart(title=title, multiline=MultilineChartContent(tag=tags))
    series = [
        MarginChartContent.Series(value=value, lower=lower, upper=upper)
        for value, lower, upper in zip(tags[::3], tags[1::3], tags[2::3], strict=True)
    ]
    return Chart(title=title, margin=MarginChartContent(series=series))

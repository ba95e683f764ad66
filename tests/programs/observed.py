"""What a stock TensorBoard serves of a log directory, as {name of a series: its content}, without times."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
from support import served
from support.tensorboard_server import TensorBoard

# Dates and times in the names of runs.
TIMES = re.compile(
    r"\d{10}\.\d+"  # time.time(), which add_hparams takes for a name
    r"|[A-Z][a-z]{2}\d{2}_\d{2}-\d{2}-\d{2}"  # the default name of a run
    r"|\d{4}-?\d{2}-?\d{2}[-_T ]?\d{2}[-:_]?\d{2}[-:_]?\d{2}"
)
SIMPLE = ("scalars", "images", "audio", "histograms", "distributions", "text", "pr_curves", "meshes", "run_metadata")
Series = dict[str, Any]


def observe(logdir: Path, load_fast: bool, timed: str | None = None) -> Series:
    """Everything served with one of TensorBoard's loaders.

    Where `timed` matches a tag, only that there are points is kept: the steps may be measured times, too.
    """
    with TensorBoard(logdir, load_fast) as tb:
        found: Series = {f"runs {run_name(run)}": True for run in served.runs(tb)}
        for kind in SIMPLE:
            for run, tags in getattr(served, kind)(tb).items():
                for tag, content in tags.items():
                    hidden = timed is not None and re.search(timed, tag)
                    found[f"{kind} {run_name(run)}: {tag}"] = bool(content) if hidden else plain(content)
        for run, graphs in served.graphs(tb).items():
            for tag, graph in graphs.items():
                found[f"graphs {run_name(run)}: {tag or 'graph'}"] = nodes(graph)
        found |= hparams(tb, timed)
        if layout := served.custom_scalars_layout(tb):
            found["custom_scalars"] = layout
        for run, projector in served.projector(tb).items():
            for name, embedding in projector.embeddings.items():
                found[f"projector {run_name(run)}: {name}"] = plain(embedding)
    return found


def run_name(run: str) -> str:
    return TIMES.sub("TIME", run)


def hparams(tb: TensorBoard, timed: str | None) -> Series:
    """The rows of the table of hyperparameters."""
    rows: Series = {}
    for group in served.hparams_session_groups(tb):
        metrics = {
            f"{run_name(value['name']['group'])}: {value['name']['tag']}": (
                value["trainingStep"],
                None if timed and re.search(timed, value["name"]["tag"]) else value["value"],
            )
            for value in group["metricValues"]
        }
        session = group["sessions"][0]
        name = run_name(session["name"])
        rows[f"hparams {name}"] = {"hparams": group["hparams"], "metrics": metrics, "status": session["status"]}
    return rows


def nodes(graph: served.Graph) -> list[dict[str, Any]]:
    """The nodes, with their attributes in order of their names: their order means nothing."""
    return [node | {"attr": sorted(node.get("attr", []), key=lambda pair: pair["key"])} for node in graph.nodes]


def plain(content: Any) -> Any:
    """The same with digests for arrays and bytes, which compare with ==; NaN is equal to NaN."""
    if isinstance(content, np.ndarray):
        return (content.shape, str(content.dtype), hashlib.sha256(content.tobytes()).hexdigest()[:16])
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()[:16]
    if isinstance(content, float) and content != content:
        return "NaN"
    if isinstance(content, dict):
        return {key: plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    return content


def compare(ours: Series, original: Series) -> dict[str, str]:
    """{name of a series that is not equal: how}."""
    found = {}
    for name in sorted({*ours, *original}):
        if name not in original:
            found[name] = "only with this library"
        elif name not in ours:
            found[name] = "only with the original"
        elif ours[name] != original[name]:
            found[name] = difference(ours[name], original[name])
    return found


def difference(ours: Any, original: Any) -> str:
    """Where two contents begin to differ, in a line."""
    if isinstance(ours, list) and isinstance(original, list):
        if is_part(original, ours):
            return f"{len(ours)} points, of which the original has {len(original)}"
        for index, (mine, theirs) in enumerate(zip(ours, original, strict=False)):
            if mine != theirs:
                return f"at {index}: {difference(mine, theirs)}"
        return f"{len(ours)} instead of {len(original)}"
    if isinstance(ours, dict) and isinstance(original, dict):
        for key in ours:
            if ours[key] != original.get(key):
                return f"at {key}: {difference(ours[key], original.get(key))}"
        return f"only with the original: {sorted(original.keys() - ours.keys())}"
    return f"{str(ours)[:60]} instead of {str(original)[:60]}"


def is_part(part: list[Any], whole: list[Any]) -> bool:
    """Whether all items of `part` are in `whole`, in the same order."""
    rest = iter(whole)
    return all(item in rest for item in part)


def counts(series: Series) -> dict[str, int]:
    """How many series of each kind there are."""
    found: dict[str, int] = {}
    for name in series:
        kind = name.split()[0]
        if kind not in ("runs", "distributions"):  # distributions are the histograms once more
            found[kind] = found.get(kind, 0) + 1
    return found

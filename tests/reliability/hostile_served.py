"""What stock TensorBoard makes of the runs that hostile calls were made on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hostile_run import HostileRun, Stored
from support import served, stock
from support.tensorboard_server import TensorBoard, TensorBoardError

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.proto.types_pb2 import DT_DOUBLE

TROUBLE = re.compile(r"Traceback|panicked|\bERROR\b|\bWARN\b|Error\b|\b[WEF]\d{4} ")
HARMLESS = (
    "Found more than one graph event per run",
    "Found more than one metagraph event per run",
    "Multiple graphs",
    "TensorFlow installation not found",
    "experimental fast data loading",
    "NOTE: Using",
)

Steps = dict[str, dict[str, dict[str, Any]]]
"""By dashboard, run and tag: what is served, by step."""

ROUTES: dict[str, Callable[[TensorBoard], Any]] = {
    "scalars": served.scalars,
    "images": served.images,
    "audio": served.audio,
    "histograms": served.histograms,
    "distributions": served.distributions,
    "text": served.text,
    "pr_curves": served.pr_curves,
    "mesh": served.meshes,
    "graphs": served.graphs,
    "run_metadata": served.run_metadata,
    "projector": served.projector,
    "hparams": served.hparams_session_groups,
    "experiment": served.hparams_experiment,
    "layout": served.custom_scalars_layout,
}


def complaints(runs: dict[str, HostileRun], logdir: Path, rust: bool) -> list[str]:
    """What is wrong with what TensorBoard serves of the runs, which are directories of `logdir` by their names."""
    with TensorBoard(logdir, load_fast=rust) as tb:
        found, wrong = _ask(tb)
        for name, run in runs.items():
            wrong += _missing(name, run, found, rust)
        wrong += _trouble(tb.log)
    return [" ".join(complaint.split())[:1000] for complaint in wrong]


def differences(runs: dict[str, HostileRun], logdir: Path) -> list[str]:
    """The runs in whose files TensorBoard's own reader finds other records than ours."""
    ours: dict[str, list[bytes]] = {}
    for name, run in runs.items():
        for stored in run.stored:
            ours.setdefault(_joined(name, stored.run), []).append(stored.record)
    return [run for run, records in ours.items() if sorted(_records(logdir / run)) != sorted(records)]


def _records(logdir: Path) -> Iterator[bytes]:
    """The records of one run, as TensorBoard's own reader gives them."""
    for path in logdir.glob("*tfevents*"):
        if path.is_file():
            yield from (record for record in stock.records(path) if not Event.FromString(record).file_version)


def _ask(tb: TensorBoard) -> tuple[dict[str, Any], list[str]]:
    """What each route answers, and the errors."""
    found, wrong = {}, []
    for name, route in ROUTES.items():
        try:
            found[name] = route(tb)
        except (TensorBoardError, ValueError, KeyError, OSError) as error:
            found[name] = None
            wrong.append(f"{name}: {error}")
    return found, wrong


def _missing(name: str, run: HostileRun, found: dict[str, Any], rust: bool) -> Iterator[str]:
    """What was accepted last for each tag, and is not served at its step."""
    for (stored_run, tag), (kind, step, value) in _last(run.stored, rust).items():
        answers = found[kind]
        if answers is None:
            continue  # said already
        points = _points(kind, answers.get(_joined(name, stored_run), {}).get(tag))
        if not any(point[0] == step and _same(kind, point, value) for point in points):
            where = f"run {_joined(name, stored_run)!r} lacks {value.tag!r}"
            yield f"{kind}: {where} at step {step}; there is {points[-2:]}"


def _last(stored: Iterable[Stored], rust: bool) -> dict[tuple[str, str], tuple[str, int, Summary.Value]]:
    """For each run and tag as it is served: dashboard, step and value of its last event.

    A tag with a value that a loader does not show is left out: it may drop the others for that one's step.
    """
    found, hidden = {}, set()
    for run, _, event in stored:
        for value in event.summary.value:
            kind = _kind(value, rust)
            if kind is None:
                hidden.add((run, value.tag))
            else:
                tag = value.tag.rpartition("_")[0] if kind == "mesh" else value.tag
                found[run, tag] = kind, event.step, value
    return {tag: last for tag, last in found.items() if tag not in hidden}


def _kind(value: Summary.Value, rust: bool) -> str | None:
    plugin = value.metadata.plugin_data.plugin_name
    if value.HasField("simple_value"):
        return "scalars"
    if value.HasField("histo"):
        return "histograms"
    if value.HasField("image"):
        return "images"
    if plugin == "scalars":
        return None if rust and value.tensor.dtype == DT_DOUBLE else "scalars"  # the data server shows no doubles
    return plugin if plugin in ("audio", "text", "pr_curves", "mesh") else None


def _points(kind: str, served_tag: Any) -> list[Any]:
    """Step first, what else there is after it."""
    if not served_tag:
        return []
    if kind in ("images", "audio"):
        return [tuple(point) for points in served_tag.values() for point in points]
    if kind == "mesh":
        return [(step,) for steps in served_tag.values() for step in steps]
    return served_tag


def _same(kind: str, point: Any, value: Summary.Value) -> bool:
    if kind != "scalars" or not value.HasField("simple_value"):
        return True
    return bool(np.array_equal(np.float32(point[1]), np.float32(value.simple_value), equal_nan=True))


def _joined(name: str, run: str) -> str:
    return name if run == "." else f"{name}/{run}"


def _trouble(log: str) -> list[str]:
    lines = [line for line in log.splitlines() if not any(words in line for words in HARMLESS)]
    return [f"log: {line}" for line in lines if TROUBLE.search(line)]

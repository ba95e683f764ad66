"""Hyperparameters. Format: tensorboard/plugins/hparams/plugin_data.proto."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Value

from ..proto.plugin_hparams_pb2 import HParamsPluginData
from .columns import Columns, objects, repeated
from .damage import DamageLog
from .events import Entry
from .loading import Loader

_START = "session_start_info"


class HParams(Columns):
    """Hyperparameters in long form, a row for each of a run."""

    def wide(self) -> Columns:
        """Return a row for each run, and a column for each hyperparameter; None where a run has it not."""
        runs, names = list(dict.fromkeys(self["run"])), list(dict.fromkeys(self["name"]))
        values = {(run, name): value for run, name, value in zip(self["run"], self["name"], self["value"], strict=True)}
        columns = {name: objects(values.get((run, name)) for run in runs) for name in names}
        return Columns({"run": objects(runs), **columns}, self.kind, self.damage)


def hparams_of(run: str, entries: list[Entry], damage: DamageLog) -> HParams:
    """Return the hyperparameters of one run: of several records that tell them, those of the first, as TensorBoard."""
    found: dict[str, Any] | None = None
    with Loader(entries, damage) as loader:
        for entry, _ in loader:
            try:
                described = HParamsPluginData.FromString(entry.metadata.content)
            except DecodeError:
                loader.skip(entry, "hyperparameters that cannot be read")
                continue
            if found is None and described.WhichOneof("data") == _START:
                found = {name: _plain(value) for name, value in sorted(described.session_start_info.hparams.items())}
    names = list(found or {})
    values = objects((found or {}).values())
    return HParams({"run": repeated(run, len(names)), "name": objects(names), "value": values})


def _plain(value: Value) -> bool | float | str | None:
    kind = value.WhichOneof("kind")
    if kind in ("bool_value", "number_value", "string_value"):
        plain: bool | float | str = getattr(value, kind)
        return plain
    return None if kind in (None, "null_value") else " ".join(str(value).split())

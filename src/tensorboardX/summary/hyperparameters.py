"""Hyperparameters, and the metrics they led to.

A run stores its hyperparameters in one record, its end in another. A third, the experiment, describes all runs of a
log directory: TensorBoard takes the first it finds and ignores what the other runs have beyond it. Without any, it
shows the hyperparameters of all runs; only the metrics of the root run are then left out.
Format: tensorboard/plugins/hparams/plugin_data.proto and api.proto.
"""

from __future__ import annotations

import enum
import numbers
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from google.protobuf.struct_pb2 import ListValue, Value

from ..errors import InvalidTypeError, InvalidValueError, describe, shown, type_error
from ..proto.api_pb2 import (
    DATA_TYPE_BOOL,
    DATA_TYPE_FLOAT64,
    DATA_TYPE_STRING,
    STATUS_SUCCESS,
    DataType,
    Experiment,
    HParamInfo,
    MetricInfo,
    MetricName,
    Status,
)
from ..proto.plugin_hparams_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
from ..proto.summary_pb2 import Summary
from ..values.arrays import to_float, to_numpy
from .metadata import plugin_metadata
from .size import serialized
from .tags import check_tag, clean_tag, to_text

EXPERIMENT_TAG = "_hparams_/experiment"
SESSION_START_INFO_TAG = "_hparams_/session_start_info"
SESSION_END_INFO_TAG = "_hparams_/session_end_info"

Scalar = bool | float | str


def hparams(
    hparam_dict: Mapping[str, Any] | None = None,
    metric_dict: Mapping[str, Any] | None = None,
    hparam_domain_discrete: Mapping[str, Any] | None = None,
) -> tuple[Summary, Summary, Summary]:
    """Return the Summaries of the experiment, of the start and of the end of a session, which is one run.

    Args:
        hparam_dict: the value of each hyperparameter. Booleans, numbers and strings are stored as such, and so is
            one number in a tensor or an array. An Enum is stored by its value where that is one of these, and else
            by its name; a function or a class by its name; anything else by its `str`. None is left out.
        metric_dict: names of metrics, which are tags of scalars; only the keys are used.
        hparam_domain_discrete: for some hyperparameters all the values that they can have, each of the type of the
            one in `hparam_dict`.

    Raises TypeError that names the hyperparameter.
    """
    return (
        experiment_summary(hparam_dict, metric_dict, hparam_domain_discrete),
        session_start_summary(hparam_dict),
        session_end_summary(),
    )


def prepare_hparams(
    hparam_dict: Mapping[str, Any],
    metric_dict: Mapping[str, Any],
    hparam_domain_discrete: Mapping[str, Any] | None,
    step: int | None,
) -> tuple[list[Summary], dict[str, float]]:
    """Return the Summaries of one run, and its metrics: numbers by cleaned tag, to be logged as scalars at `step`.

    The experiment is among them only where there are domains; see `hparams` and `experiment_summary`.

    Raises TypeError or ValueError, before anything is written.
    """
    metrics = {clean_tag(tag): to_float(value, tag) for tag, value in _dict("metric_dict", metric_dict).items()}
    summaries = [session_start_summary(hparam_dict), session_end_summary()]
    if len(_mapping("hparam_domain_discrete", hparam_domain_discrete)):
        summaries.insert(0, experiment_summary(hparam_dict, metrics, hparam_domain_discrete))
    check_metric_step(step)
    return summaries, metrics


def experiment_summary(
    hparam_dict: Mapping[str, Any] | None = None,
    metric_dict: Mapping[str, Any] | None = None,
    hparam_domain_discrete: Mapping[str, Any] | None = None,
) -> Summary:
    """Return the Summary that describes all runs of a log directory; see `hparams`.

    It hides the hyperparameters and metrics that other runs have and it does not name. It is needed only for the
    metrics of the root run, and to store domains.
    """
    values = dict(_plain_items(hparam_dict))
    domains = _domains(hparam_domain_discrete, values, hparam_dict or {})
    infos = [
        HParamInfo(name=name, type=_data_type(value), domain_discrete=domains.get(name))
        for name, value in values.items()
    ]
    # The name must be that of the scalar, whose tag is cleaned.
    metrics = [MetricInfo(name=MetricName(tag=clean_tag(name))) for name in _mapping("metric_dict", metric_dict)]
    return _summary(EXPERIMENT_TAG, HParamsPluginData(experiment=Experiment(hparam_infos=infos, metric_infos=metrics)))


def session_start_summary(
    hparam_dict: Mapping[str, Any] | None = None, group_name: str | None = None, start_time: float | None = None
) -> Summary:
    """Return the Summary of the hyperparameters of one run; see `hparams`.

    Args:
        hparam_dict: the value of each hyperparameter.
        group_name: runs of one name are repetitions, which TensorBoard shows as one row.
        start_time: seconds since the epoch.
    """
    info = SessionStartInfo(group_name=check_tag(group_name or ""), start_time_secs=start_time or 0.0)
    for name, value in _plain_items(hparam_dict):
        info.hparams[name].CopyFrom(_value(value))
    return _summary(SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=info))


def check_metric_step(step: int | None) -> None:
    """Raise ValueError for a step that TensorBoard's hyperparameters dashboard cannot hold.

    One such metric, and it shows no run at all: `MetricValue.training_step` has 32 bits (api.proto).
    """
    if step is not None and not -(2**31) <= step < 2**31:
        raise InvalidValueError(f"global_step: got {step}; accepted for hyperparameters is a signed 32-bit integer")


def session_end_summary(status: Status = STATUS_SUCCESS, end_time: float | None = None) -> Summary:
    """Return the Summary of the end of one run, `end_time` being in seconds since the epoch."""
    info = SessionEndInfo(status=status, end_time_secs=end_time or 0.0)
    return _summary(SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=info))


def _summary(tag: str, content: HParamsPluginData) -> Summary:
    data = serialized(content, f"tag {shown(tag)}", deterministic=True)  # the same bytes for the same hyperparameters
    return Summary(value=[Summary.Value(tag=tag, metadata=plugin_metadata("hparams", data))])


def _mapping(parameter: str, given: Any) -> Mapping[str, Any]:
    return {} if given is None else _dict(parameter, given)


def _dict(parameter: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidTypeError(f"{parameter}: got {describe(given)}; accepted is a dict")
    return given


def _plain_items(hparam_dict: Mapping[str, Any] | None) -> Iterator[tuple[str, Scalar]]:
    for name, value in _mapping("hparam_dict", hparam_dict).items():
        name = check_tag(name)
        if value is not None:
            yield name, _plain(name, value)


def _plain(name: str, value: Any) -> Scalar:
    """Return a value as what the format holds: a bool, a float or a string."""
    if isinstance(value, enum.Enum):
        return _plain(name, value.value) if isinstance(value.value, (bool, numbers.Real, str)) else value.name
    if isinstance(value, str):
        return to_text(name, value)
    number = _number(value)
    if number is not None:
        return number
    if isinstance(value, os.PathLike):
        return check_tag(os.fsdecode(value))
    return to_text(name, getattr(value, "__name__", value) if callable(value) else value)


def _number(value: Any) -> bool | float | None:
    """Return the one number that a number, a tensor or an array holds, or None."""
    if isinstance(value, np.ndarray) or hasattr(type(value), "dtype"):
        try:
            array = to_numpy(value)
        except InvalidTypeError:
            return None
        if array.size != 1 or array.dtype.kind == "c":
            return None
        value = array.item()
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    try:
        return float(value) if isinstance(value, numbers.Real) else None
    except OverflowError:  # an integer beyond the range of a float
        return None


def _data_type(value: Scalar) -> DataType:
    if isinstance(value, bool):
        return DATA_TYPE_BOOL
    return DATA_TYPE_STRING if isinstance(value, str) else DATA_TYPE_FLOAT64


def _value(value: Scalar) -> Value:
    if isinstance(value, bool):
        return Value(bool_value=value)
    return Value(string_value=value) if isinstance(value, str) else Value(number_value=value)


def _domains(
    given: Mapping[str, Any] | None, values: Mapping[str, Scalar], hparam_dict: Mapping[str, Any]
) -> dict[str, ListValue]:
    domains = {}
    for name, domain in _mapping("hparam_domain_discrete", given).items():
        if name not in hparam_dict or not isinstance(domain, (list, tuple)):
            raise type_error(name, domain, "hparam_domain_discrete with a list for a name in hparam_dict")
        if name not in values:  # None, which is left out
            continue
        plain = [_plain(name, value) for value in domain]
        if any(_data_type(value) != _data_type(values[name]) for value in plain):
            raise type_error(name, domain, f"hparam_domain_discrete with values of the type of {shown(values[name])}")
        domains[name] = ListValue(values=[_value(value) for value in plain])
    return domains

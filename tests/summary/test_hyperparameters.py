"""Hyperparameters, judged by TensorBoard."""

from __future__ import annotations

import enum
import math
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import PurePosixPath

import numpy as np
import pytest
import torch
from support import served
from support.original import run_original

from tensorboardX.proto.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary.hyperparameters import (
    check_metric_step,
    experiment_summary,
    hparams,
    prepare_hparams,
    session_end_summary,
    session_start_summary,
)

WITH_THE_ORIGINAL = """
import sys
from tensorboardX.summary import hparams
summaries = hparams({"lr": 0.1, "n": 3, "on": True, "name": "x", "f": len, "none": None}, {"loss": 1, "acc/x": 2})
for name, summary in zip(["exp", "ssi", "sei"], summaries):
    open(f"{sys.argv[1]}/{name}", "wb").write(summary.SerializeToString())
"""


class Color(enum.Enum):
    RED = "red"
    TWO = 2
    BOTH = ("red", 2)


class Level(enum.IntEnum):
    HIGH = 3


class Text(str, enum.Enum):  # as before Python 3.11 had StrEnum
    A = "a"


def content(summary):
    [value] = summary.value
    assert value.metadata.plugin_data.plugin_name == "hparams"
    return value.tag, HParamsPluginData.FromString(value.metadata.plugin_data.content)


def started(hparam_dict):
    """What is stored of hyperparameters: for each name its value, of Python's type."""
    _, data = content(session_start_summary(hparam_dict))
    values = data.session_start_info.hparams
    return {name: getattr(values[name], values[name].WhichOneof("kind")) for name in values}


def write_run(logdir, summaries, **scalars):
    logdir.mkdir(exist_ok=True)
    writer = RecordWriter(str(logdir / "events.out.tfevents.1.test"))
    writer.write(Event(file_version="brain.Event:2").SerializeToString())
    tagged = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
    for summary in [*summaries, Summary(value=tagged)]:
        writer.write(Event(step=1, wall_time=1.0, summary=summary).SerializeToString())
    writer.close()


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (True, True),
        (np.False_, False),
        (3, 3.0),
        (0.1, 0.1),
        (math.inf, math.inf),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7.0),
        (torch.tensor(2.5), 2.5),
        (torch.tensor([2.5], dtype=torch.bfloat16), 2.5),
        (torch.tensor(True), True),
        (np.array(4), 4.0),
        (Fraction(1, 4), 0.25),
        (10**400, str(10**400)),
        ("text", "text"),
        ("", ""),
        ("\ud800", "?"),
        (np.str_("text"), "text"),
        (Color.RED, "red"),
        (Color.TWO, 2.0),
        (Color.BOTH, "BOTH"),
        (Level.HIGH, 3.0),
        (Text.A, "a"),
        (PurePosixPath("a/b"), "a/b"),
        (len, "len"),
        (torch.nn.ReLU, "ReLU"),
        ([1, "a"], "[1, 'a']"),
        ({"a": 1}, "{'a': 1}"),
        ((1, 2), "(1, 2)"),
        (np.array([1, 2]), "[1 2]"),
        (torch.tensor([1, 2]), "tensor([1, 2])"),
        (1j, "1j"),
        (b"bytes", "b'bytes'"),
        (torch.float32, "torch.float32"),
        (Decimal("0.1"), "0.1"),
    ],
)
def test_values_are_bools_numbers_and_strings(value, stored):
    result = started({"name": value})["name"]
    assert type(result) is type(stored)
    assert result == stored


def test_objects_without_a_name_are_described_by_their_text():
    assert started({"f": partial(len)})["f"].startswith("functools.partial(")
    assert started({"m": torch.nn.ReLU()})["m"] == "ReLU()"


def test_none_is_left_out():
    assert started({"a": None, "b": 1}) == {"b": 1.0}
    assert started(None) == started({}) == {}


def test_tags_and_content_of_the_three_records():
    experiment, start, end = map(content, hparams({"lr": 0.1, "on": True, "name": "x"}, {"a loss": 1.0}))
    assert experiment[0] == "_hparams_/experiment"
    infos = experiment[1].experiment.hparam_infos
    assert [(info.name, info.type) for info in infos] == [("lr", 3), ("on", 2), ("name", 1)]
    assert [info.name.tag for info in experiment[1].experiment.metric_infos] == ["a_loss"]
    assert start[0] == "_hparams_/session_start_info"
    assert end[0] == "_hparams_/session_end_info"
    assert end[1].session_end_info.status == STATUS_SUCCESS


def test_the_records_are_those_of_the_original(original_python, tmp_path):
    run_original(original_python, WITH_THE_ORIGINAL, tmp_path)
    ours = hparams({"lr": 0.1, "n": 3, "on": True, "name": "x", "f": len, "none": None}, {"loss": 1, "acc/x": 2})
    for name, summary in zip(["exp", "ssi", "sei"], ours, strict=True):
        theirs = Summary.FromString((tmp_path / name).read_bytes())
        assert content(summary) == content(theirs)


def test_a_session_has_a_group_and_times():
    _, start = content(session_start_summary({"a": 1}, "fold", 12.5))
    assert (start.session_start_info.group_name, start.session_start_info.start_time_secs) == ("fold", 12.5)
    _, end = content(session_end_summary(STATUS_FAILURE, 20.0))
    assert (end.session_end_info.status, end.session_end_info.end_time_secs) == (STATUS_FAILURE, 20.0)


def test_domains_are_lists_of_values():
    values = {"lr": 0.1, "on": True, "name": "x", "none": None}
    domains = {"lr": [0.1, 1], "on": [True, False], "name": ("x", "y"), "none": [1]}
    _, data = content(experiment_summary(values, {}, domains))
    found = {info.name: list(info.domain_discrete) for info in data.experiment.hparam_infos}
    assert found == {"lr": [0.1, 1.0], "on": [True, False], "name": ["x", "y"]}


@pytest.mark.parametrize("domains", [{"other": [1]}, {"lr": 0.1}, {"lr": "abc"}, {"lr": ["a"]}, {"lr": [True]}, [1]])
def test_what_is_no_domain_is_refused(domains):
    with pytest.raises(TypeError, match="hparam_domain_discrete"):
        hparams({"lr": 0.1}, {}, domains)


@pytest.mark.parametrize(("given", "metrics"), [({1: 2}, {}), ([("a", 1)], {}), ({}, ["loss"]), ({}, {3: 4})])
def test_names_are_the_keys_of_dicts(given, metrics):
    with pytest.raises(TypeError):
        hparams(given, metrics)


def test_tensorboard_shows_the_union_of_runs_without_an_experiment(tensorboard, tmp_path):
    first = [session_start_summary({"lr": 0.5, "name": "x"}), session_end_summary()]
    second = [session_start_summary({"lr": 0.25, "on": True, "worst": math.nan}), session_end_summary()]
    write_run(tmp_path / "a", first, loss=1.0)
    write_run(tmp_path / "b", second, loss=2.0, acc=3.0)
    tb = tensorboard(tmp_path)
    experiment = served.hparams_experiment(tb)
    assert {info["name"] for info in experiment["hparamInfos"]} >= {"lr", "name", "on"}
    assert {info["name"]["tag"] for info in experiment["metricInfos"]} == {"loss", "acc"}
    one, two = sorted(served.hparams_session_groups(tb), key=lambda group: -group["hparams"]["lr"])
    assert one["hparams"] == {"lr": 0.5, "name": "x"}
    assert {k: v for k, v in two["hparams"].items() if k != "worst"} == {"lr": 0.25, "on": True}
    assert {m["name"]["tag"]: m["value"] for m in two["metricValues"]} == {"loss": 2.0, "acc": 3.0}
    assert one["sessions"][0]["status"] == "STATUS_SUCCESS"


def test_an_experiment_hides_what_it_does_not_name(tensorboard, tmp_path):
    write_run(tmp_path / "a", hparams({"lr": 0.5}, {"loss": 1.0}), loss=1.0)
    write_run(tmp_path / "b", [session_start_summary({"lr": 0.25, "on": True}), session_end_summary()], acc=3.0)
    experiment = served.hparams_experiment(tensorboard(tmp_path))
    assert [info["name"] for info in experiment["hparamInfos"]] == ["lr"]
    assert [info["name"]["tag"] for info in experiment["metricInfos"]] == ["loss"]


@pytest.mark.parametrize("with_experiment", [True, False])
def test_metrics_of_the_root_run_need_an_experiment(with_experiment, tensorboard, tmp_path):
    summaries = hparams({"lr": 0.5}, {"a loss": 1.0}, {"lr": [0.5, 0.25]})
    write_run(tmp_path, summaries if with_experiment else summaries[1:], a_loss=1.5)
    tb = tensorboard(tmp_path)
    [group] = served.hparams_session_groups(tb)
    assert group["hparams"] == {"lr": 0.5}
    if with_experiment:
        assert group["metricValues"][0]["value"] == 1.5
        assert served.hparams_experiment(tb)["hparamInfos"][0]["domainDiscrete"] == [0.5, 0.25]
    else:
        assert not group.get("metricValues")


def test_runs_of_a_group_are_one_row(tensorboard, tmp_path):
    for name in ("a", "b"):
        summaries = [session_start_summary({"lr": 0.5}, "fold", 10.0), session_end_summary(end_time=15.0)]
        write_run(tmp_path / name, summaries, loss=1.0)
    [group] = served.hparams_session_groups(tensorboard(tmp_path))
    assert len(group["sessions"]) == 2
    assert {session["endTimeSecs"] - session["startTimeSecs"] for session in group["sessions"]} == {5.0}


def test_a_run_has_an_experiment_only_for_domains():
    def tags(domains):
        summaries, metrics = prepare_hparams({"lr": 0.1}, {"a b": np.float32(2)}, domains, None)
        assert metrics == {"a_b": 2.0}
        return [value.tag.rpartition("/")[2] for summary in summaries for value in summary.value]

    assert tags(None) == tags({}) == ["session_start_info", "session_end_info"]
    assert tags({"lr": [0.1, 0.2]}) == ["experiment", "session_start_info", "session_end_info"]


@pytest.mark.parametrize("given", [({"a": 1}, None, None, 1), ({"a": 1}, {}, [], 1), ("a", {}, None, 1)], ids=repr)
def test_what_is_no_dict_is_refused(given):
    with pytest.raises(TypeError, match="accepted is a dict"):
        prepare_hparams(*given)


def test_a_metric_at_a_step_of_more_than_32_bits_is_refused():
    for step in (None, 0, 2**31 - 1, -(2**31)):
        check_metric_step(step)
    for step in (2**31, -(2**31) - 1):
        with pytest.raises(ValueError, match=f"global_step: got {step}"):
            check_metric_step(step)


def test_a_value_without_a_text_is_refused_by_its_name():
    with pytest.raises(TypeError, match=r"tag 'lr': got fractions.Fraction .* accepted is what has a text"):
        session_start_summary({"lr": Fraction(10**5000, 3)})

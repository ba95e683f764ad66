"""What a reader returns, and what pandas, polars and Arrow make of it."""

from __future__ import annotations

import builtins
import copy
import json
import pickle

import numpy as np
import pandas
import polars
import pyarrow
import pytest

from tensorboardX import SummaryWriter
from tensorboardX.errors import MissingExtraError
from tensorboardX.reader import Columns, Damage, open_logdir

KINDS = ("scalars", "tensors", "histograms", "images", "audio", "texts", "pr_curves", "meshes", "graph", "hparams")


@pytest.fixture(scope="module")
def logdir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(1)
    for run in ("one", "other"):
        with SummaryWriter(str(directory / run)) as writer:
            for step in range(3):
                writer.add_scalar("loss", step / 2, step)
                writer.add_histogram("weights", rng.normal(size=10 + step), step)
                writer.add_tensor("tensor", rng.normal(size=(2, 1 + step)), step)
                writer.add_image("image", rng.random((3, 4, 4)), step)
                writer.add_audio("sound", rng.random(10), step)
                writer.add_text("note", "text", step)
                writer.add_pr_curve("curve", rng.random(9) > 0.5, rng.random(9), step)
                writer.add_mesh("mesh", rng.random((1, 3, 3)), global_step=step)
            writer.add_hparams({"rate": 0.5, "name": "net", "bias": True}, {}, name=".")
            writer.add_embedding(rng.random((3, 2)), metadata=["a", "b", "c"], tag="vectors")
    return open_logdir(directory)


def test_pandas_and_polars_take_columns_as_they_are(logdir):
    columns = logdir.scalars()
    frame = pandas.DataFrame(columns)
    assert frame.columns.tolist() == ["run", "tag", "step", "wall_time", "value"]
    assert frame["step"].dtype == np.int64
    assert frame.groupby("run")["value"].sum().to_dict() == {"one": 1.5, "other": 1.5}
    assert frame.pivot(index="step", columns="run", values="value").loc[2].to_dict() == {"one": 1.0, "other": 1.0}
    other = polars.DataFrame(columns)
    assert dict(other.schema) == {
        "run": polars.String,
        "tag": polars.String,
        "step": polars.Int64,
        "wall_time": polars.Float64,
        "value": polars.Float64,
    }
    assert other.filter(polars.col("run") == "one")["value"].to_list() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("kind", KINDS)
def test_conversions_of_every_kind(logdir, kind):
    columns = getattr(logdir, kind)()
    assert columns.rows == {"scalars": 6, "graph": 0, "hparams": 6}.get(kind, 6)
    tables = {"pandas": columns.to_pandas(), "polars": columns.to_polars(), "arrow": columns.to_arrow()}
    assert isinstance(tables["pandas"], pandas.DataFrame)
    assert isinstance(tables["polars"], polars.DataFrame)
    assert isinstance(tables["arrow"], pyarrow.Table)
    rows = {"pandas": "to_dict", "polars": "to_dicts", "arrow": "to_pylist"}
    for name, table in tables.items():
        found = getattr(table, rows[name])(*(["records"] if name == "pandas" else []))
        assert len(found) == columns.rows
        for index, row in enumerate(found):
            assert list(row) == list(columns)
            for column, value in row.items():
                wanted = columns[column][index]
                if name == "arrow" and (kind, column) == ("hparams", "value"):
                    wanted = str(wanted)  # of several types
                np.testing.assert_equal(plain(value), plain(wanted))


def plain(value):
    if isinstance(value, (list, polars.Series)):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def test_embeddings_convert_too(logdir):
    columns = logdir.embeddings()
    assert columns.rows == 2
    assert len(columns.to_pandas()) == columns.to_polars().height == columns.to_arrow().num_rows == 2


def test_arrow_and_polars_of_numbers_keep_their_types(logdir):
    table = logdir.histograms().to_arrow()
    assert table.schema.field("left").type == pyarrow.list_(pyarrow.float64())
    assert table.schema.field("step").type == pyarrow.int64()
    assert logdir.histograms().to_polars().schema["left"] == polars.List(polars.Float64)
    assert logdir.images().to_arrow().schema.field("data").type == pyarrow.binary()


@pytest.mark.parametrize(
    ("method", "package", "extra"), [("pandas",) * 3, ("polars",) * 3, ("arrow", "pyarrow", "arrow")]
)
def test_a_missing_package_is_named(logdir, monkeypatch, method, package, extra):
    original = builtins.__import__

    def without(name, *rest):
        if name == package:
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=rf"to_{method} needs the package {package}: .*tensorboardX\[{extra}\]"):
        getattr(logdir.scalars(), f"to_{method}")()


def test_columns_pickle_and_copy():
    columns = Columns({"step": np.array([1])}, "scalars", [Damage("path", 0, 1, "reason")])
    for other in (pickle.loads(pickle.dumps(columns)), copy.copy(columns), copy.deepcopy(columns)):
        assert type(other) is Columns
        assert (other["step"].tolist(), other.kind, other.damage) == ([1], "scalars", columns.damage)


def test_texts_that_repeat_are_one_object(logdir):
    columns = logdir.scalars("one")
    for name in ("tag", "run"):
        assert columns.rows > 1
        assert len({id(text) for text in columns[name]}) == 1


def test_hyperparameters_in_wide_form(logdir):
    wide = logdir.hparams().wide()
    assert list(wide) == ["run", "bias", "name", "rate"]
    assert [column.tolist() for column in wide.values()] == [
        ["one", "other"],
        [True, True],
        ["net", "net"],
        [0.5, 0.5],
    ]
    assert wide.to_pandas().shape == (2, 4)


def test_hyperparameters_that_not_every_run_has(tmp_path):
    for run, hparams in {"a": {"x": 1, "y": [1, "b"]}, "b": {"x": 2.5}}.items():
        with SummaryWriter(str(tmp_path)) as writer:
            writer.add_hparams(hparams, {"loss": 1.0}, name=run)
            writer.add_hparams({"x": 99}, {}, name=run)  # what comes later does not count
    columns = open_logdir(tmp_path).hparams()
    rows = list(zip(columns["run"], columns["name"], columns["value"], strict=True))
    assert rows == [("a", "x", 1.0), ("a", "y", str([1, "b"])), ("b", "x", 2.5)]
    wide = columns.wide()
    assert json.loads(json.dumps({name: column.tolist() for name, column in wide.items()})) == {
        "run": ["a", "b"],
        "x": [1.0, 2.5],
        "y": ["[1, 'b']", None],
    }
    assert open_logdir(tmp_path).hparams("none").wide().rows == 0

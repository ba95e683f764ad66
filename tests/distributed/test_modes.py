"""Which ranks write, and where; and that a rank that does not write does nothing at all."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path

import pytest
from support import events, served
from support.ranks import run, save

from tensorboardX import GlobalSummaryWriter, SummaryWriter
from tensorboardX.errors import InvalidTypeError, InvalidValueError

ALL_RANKS = """
    import os, sys
    from tensorboardX import SummaryWriter
    mode = sys.argv[2] if len(sys.argv) > 2 else None
    with SummaryWriter(sys.argv[1], distributed=mode) as writer:
        for step in range(20):
            writer.add_scalar("loss", int(os.environ["RANK"]) + step / 8, step)
            writer.add_scalars("both", {"a": step, "b": -step}, step)
"""


def expected(rank: int, run: str) -> dict[str, dict[str, list[tuple[int, float]]]]:
    steps = range(20)
    below = "" if run == "." else f"{run}/"
    return {
        run: {"loss": [(step, rank + step / 8) for step in steps]},
        f"{below}both/a": {"both": [(step, float(step)) for step in steps]},
        f"{below}both/b": {"both": [(step, float(-step)) for step in steps]},
    }


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """The log directory of two ranks for each mode, the last one set by the environment."""
    directory = tmp_path_factory.mktemp("modes")
    program = save(directory, ALL_RANKS)
    for mode in ("rank0", "per_rank", "last_rank"):
        assert run(program, 2, directory / mode, mode) == [("", "")] * 2
    assert run(program, 2, directory / "set", TENSORBOARDX_DISTRIBUTED="per_rank") == [("", "")] * 2
    return directory


@pytest.mark.parametrize(("mode", "rank"), [("rank0", 0), ("last_rank", 1)])
def test_one_rank_writes(tensorboard, logged, mode, rank):
    assert served.scalars(tensorboard(logged / mode)) == expected(rank, ".")


@pytest.mark.parametrize("mode", ["per_rank", "set"])
def test_each_rank_has_a_run(tensorboard, logged, mode):
    assert served.scalars(tensorboard(logged / mode)) == expected(0, "rank_0") | expected(1, "rank_1")


def test_a_rank_that_does_not_write_does_nothing(tmp_path, launched, caplog):
    launched(1, 2)
    threads = threading.active_count()
    with SummaryWriter(tmp_path / "run", distributed="rank0", purge_step=3) as writer:
        assert isinstance(writer, SummaryWriter)
        for name in dir(SummaryWriter):
            if name.startswith("add_"):
                assert getattr(writer, name)("tag", object(), 1, walltime=float("nan"), unknown=1) is None
        writer.export_scalars_to_json(tmp_path / "scalars.json")
        writer.flush()
        writer.file_writer.add_summary(None, 1)
        assert writer._get_file_writer() is writer.file_writer
        with writer.use_metadata(global_step=1):
            writer.add_scalar("a", 1.0)
        assert writer.get_logdir() == writer.logdir == tmp_path / "run"
        assert list(writer.all_writers) == [os.fspath(writer.logdir)]
        assert writer.stats == type(writer.stats)()
    writer.add_scalar("a", 1.0, 1)
    writer.close()
    assert (threading.active_count(), os.listdir(tmp_path), caplog.records) == (threads, [], [])
    with pytest.raises(AttributeError):
        writer.add_scaler("a", 1.0, 1)


def test_a_copy_of_a_writer_that_does_not_write_does_not_either(tmp_path, launched, monkeypatch):
    launched(1, 2)
    pickled = pickle.dumps(SummaryWriter(tmp_path / "run", distributed="rank0"))
    monkeypatch.delenv("RANK")
    with pickle.loads(pickled) as writer:
        writer.add_scalar("a", "bad", 1)
    assert os.listdir(tmp_path) == []


def test_what_a_subclass_overrides_is_called(tmp_path, launched):
    class Counting(SummaryWriter):
        count = 0

        def add_scalar(self, *arguments, **options):
            self.count += 1
            super().add_scalar(*arguments, **options)

    launched(1, 2)
    with Counting(tmp_path / "run", distributed="rank0") as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.add_text("b", None)
        assert writer.count == 1
    assert os.listdir(tmp_path) == []


def test_compiled_ranks_have_the_same_graphs(tmp_path, launched):
    torch = pytest.importorskip("torch")
    graphs = []
    for rank in range(2):
        launched(rank, 2)
        with SummaryWriter(tmp_path / "run", distributed="rank0") as writer:
            found = []

            def step(x, writer=writer):
                y = x * 2
                writer.add_scalar("a", 1.0, 1)
                return y + 1

            def backend(module, inputs, found=found):
                found.append(str(module.graph))
                return module

            torch._dynamo.reset()
            torch.compile(step, backend=backend)(torch.ones(3))
            graphs.append(found)
    assert graphs[0] == graphs[1]
    assert len(graphs[0]) == 2


@pytest.mark.parametrize("mode", ["rank0", "per_rank", "last_rank"])
def test_a_process_that_is_alone_writes_to_the_directory(tmp_path, mode):
    with SummaryWriter(tmp_path / "run", distributed=mode, reduce="a" if mode == "per_rank" else None) as writer:
        writer.add_scalar("a", 1.0, 1)
    assert events.scalars(tmp_path / "run") == [("a", 1, 1.0)]


def test_the_directory_keeps_its_type(tmp_path, launched):
    launched(1, 2)
    for logdir in (tmp_path / "run", str(tmp_path / "run")):
        with SummaryWriter(logdir, distributed="per_rank") as writer:
            assert type(writer.logdir) is type(logdir)
            assert Path(writer.logdir) == tmp_path / "run" / "rank_1"


def test_a_global_writer_takes_the_argument_and_not_the_variable(tmp_path, launched, monkeypatch):
    launched(1, 2)
    monkeypatch.setenv("TENSORBOARDX_DISTRIBUTED", "rank0")
    with GlobalSummaryWriter(logdir=tmp_path / "shared") as writer:
        writer.add_scalar("a", 1.0)
    assert events.scalars(tmp_path / "shared") == [("a", 0, 1.0)]
    with GlobalSummaryWriter(logdir=tmp_path / "silent", distributed="rank0") as writer:
        writer.add_scalar("a", 1.0)
    assert not (tmp_path / "silent").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (
            {"distributed": "rank1"},
            InvalidValueError,
            "'rank1'; accepted are 'rank0', 'per_rank', 'last_rank' and None",
        ),
        ({"distributed": 0}, InvalidTypeError, "int 0"),
        ({"distributed": "per_rank", "reduce": 1}, InvalidTypeError, "accepted is a glob of tags or a list of globs"),
        ({"distributed": "per_rank", "reduce": ["a", 1]}, InvalidTypeError, "reduce"),
        ({"distributed": "rank0", "reduce": ["a"]}, InvalidValueError, "accepted with distributed='per_rank'"),
        ({"reduce": ["a"]}, InvalidValueError, "distributed=None"),
    ],
)
@pytest.mark.parametrize("rank", [0, 1])
def test_bad_arguments_are_refused_by_every_rank(tmp_path, launched, arguments, error, said, rank):
    launched(rank, 2)
    with pytest.raises(error, match=said.replace("(", r"\(")):
        SummaryWriter(tmp_path / "run", **arguments)
    assert os.listdir(tmp_path) == []


def test_runs_of_ranks_need_a_common_directory(tmp_path, launched, monkeypatch, caplog):
    launched(1, 2)
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(distributed="per_rank"):
        pass
    [record] = caplog.records
    assert "without a logdir" in record.getMessage()

"""Following the methods of a writer: which calls go to Comet, and with which steps."""

from __future__ import annotations

import copy
import functools
import inspect
import os
import pickle
import subprocess
import sys

import pytest
from archives import archives, sent
from support.events import scalars

from tensorboardX import GlobalSummaryWriter, SummaryWriter
from tensorboardX.comet.listener import attach
from tensorboardX.storage import locks


@pytest.mark.parametrize("config", ["", "comet_config=None", "comet_config={'disabled': True}", "comet_config={}"])
def test_off_by_default_and_then_nothing_is_imported_or_replaced(tmp_path, config):
    (tmp_path / "comet_ml.py").write_text("raise SystemExit('comet_ml was imported')")
    code = (
        "from tensorboardX import SummaryWriter\n"
        f"with SummaryWriter('run', {config}) as writer:\n"
        "    writer.add_scalar('a', 1.0, 1)\n"
        "    print([name for name in vars(writer) if name == 'close' or name.startswith('add_')])\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


@pytest.mark.parametrize("config", [{"disabled": False}, {"project_name": "digits"}])
def test_missing_package_is_reported_at_construction_with_the_extra(tmp_path, monkeypatch, config):
    monkeypatch.setitem(sys.modules, "comet_ml", None)
    with pytest.raises(ImportError, match=r"comet-ml: pip install 'tensorboardX\[comet\]'"):
        SummaryWriter(tmp_path / "run", comet_config=config)
    assert not (tmp_path / "run").exists()


def test_a_config_that_is_no_dict_is_refused_without_showing_what_may_be_a_key(tmp_path):
    with pytest.raises(TypeError, match="comet_config: got str; accepted is a dict or None") as raised:
        SummaryWriter(tmp_path, comet_config="SECRET")
    assert "SECRET" not in str(raised.value)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda writer: pickle.loads(pickle.dumps(writer))])
def test_a_copy_has_an_experiment_of_its_own(tmp_path, config, clone):
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        other = clone(writer)
        writer.add_scalar("a", 1.0, 1)
    with other:
        other.add_scalar("b", 2.0, 1)
    assert [archive.metrics for archive in archives(tmp_path)] == [[("a", 1.0, 1)], [("b", 2.0, 1)]]


@pytest.mark.skipif(not locks.HAS_SHARED_LOCKS, reason="processes share no files here")
def test_steps_that_processes_share_are_numbered_in_the_file_and_are_unknown_at_comet(tmp_path, config):
    with GlobalSummaryWriter(tmp_path / "run", comet_config=config) as writer:
        other = GlobalSummaryWriter(tmp_path / "run")  # stands for another process
        for value, logging in enumerate([writer, other, writer]):
            logging.add_scalar("a", value)
            logging.flush()
        other.close()
        writer.add_histogram("a", [1.0, 2.0])
    assert scalars(tmp_path / "run") == [("a", 0, 0.0), ("a", 1, 1.0), ("a", 2, 2.0)]
    archive = sent(tmp_path)
    assert archive.metrics == [("a", 0.0, None), ("a", 2.0, None)]
    assert [step for _, step, _, _ in archive.files] == [0]  # a histogram without a step


def test_steps_that_one_process_counts_are_those_at_comet(tmp_path, config):
    with GlobalSummaryWriter(tmp_path / "run", comet_config=config, coalesce_process=False) as writer:
        for value in (1.0, 2.0):
            writer.add_scalar("a", value)
    assert sent(tmp_path).metrics == [("a", 1.0, 0), ("a", 2.0, 1)]


@pytest.mark.skipif(not locks.HAS_SHARED_LOCKS, reason="processes share no files here")
def test_a_tool_that_replaces_a_method_that_comet_follows_sees_steps(tmp_path, config):
    seen = []
    with GlobalSummaryWriter(tmp_path / "run", comet_config=config) as writer:
        followed = writer.smw.add_scalar

        @functools.wraps(followed)
        def add_scalar(*args, **kwargs):
            seen.append(kwargs["global_step"])
            followed(*args, **kwargs)

        writer.smw.add_scalar = add_scalar
        for value in (1.0, 2.0):
            writer.add_scalar("a", value)
    assert seen == [0, 1]
    assert sent(tmp_path).metrics == [("a", 1.0, 0), ("a", 2.0, 1)]


def test_a_method_keeps_its_name_signature_and_error(tmp_path, config):
    plain = SummaryWriter(tmp_path / "plain")
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer, plain:
        assert writer.add_scalar.__name__ == "add_scalar"
        assert writer.add_scalar.__doc__ == SummaryWriter.add_scalar.__doc__
        assert inspect.signature(writer.add_scalar) == inspect.signature(plain.add_scalar)
        with pytest.raises(TypeError, match="'loss'"):
            writer.add_scalar("loss", object(), 1)
    assert archives(tmp_path) == []


def test_a_method_replaced_on_the_class_afterwards_is_called(tmp_path, config, monkeypatch):
    original, seen = SummaryWriter.add_scalar, []
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        monkeypatch.setattr(SummaryWriter, "add_scalar", lambda *args: seen.append(args[1]) or original(*args))
        writer.add_scalar("a", 1.0, 1)
    assert (seen, sent(tmp_path).metrics) == (["a"], [("a", 1.0, 1)])


def test_attaching_again_does_not_send_twice(tmp_path, config):
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        attach(writer, config)
        writer.add_scalar("a", 1.0, 1)
    assert sent(tmp_path).metrics == [("a", 1.0, 1)]

"""The life of an experiment: its start and end, failures, and forks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from archives import QUIET, archives, sent
from support.events import scalars

from tensorboardX import SummaryWriter


def test_a_writer_that_logs_nothing_starts_no_experiment(tmp_path, config):
    SummaryWriter(tmp_path / "run", comet_config=config).close()
    assert archives(tmp_path) == []


def test_close_ends_the_experiment_and_the_next_value_starts_another(tmp_path, config, comet_ml):
    writer = SummaryWriter(tmp_path / "run", comet_config=config)
    writer.add_scalar("first", 1.0, 1)
    writer.close()
    writer.close()
    assert comet_ml.get_global_experiment() is None
    writer.add_scalar("second", 2.0, 2)
    writer.close()
    assert [archive.metrics for archive in archives(tmp_path)] == [[("first", 1.0, 1)], [("second", 2.0, 2)]]


def no_route(*args, **kwargs):
    raise ConnectionError("no route")


def test_a_failure_at_comet_is_logged_once_and_training_goes_on(tmp_path, config, comet_ml, monkeypatch, caplog):
    monkeypatch.setattr(comet_ml.OfflineExperiment, "log_text", no_route)
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        for step in range(3):
            writer.add_text("greeting", "hello", step)
        writer.add_scalar("a", 1.0, 3)
    ours = [record.getMessage() for record in caplog.records if record.name == "tensorboardX"]
    assert ours == ["add_text: not sent to Comet: no route; further failures are not reported"]
    assert sent(tmp_path).metrics == [("a", 1.0, 3)]


def test_an_experiment_that_cannot_start_is_logged_once_and_training_goes_on(tmp_path, config, caplog):
    with SummaryWriter(tmp_path / "run", comet_config={**config, "experiment_key": "too short"}) as writer:
        for step in range(3):
            writer.add_scalar("a", 1.0, step)
    ours = [record.getMessage() for record in caplog.records if record.name == "tensorboardX"]
    assert len(ours) == 1
    assert "could not be started" in ours[0]
    assert len(scalars(tmp_path / "run")) == 3


def test_a_running_experiment_is_warned_of(tmp_path, config, comet_ml, caplog):
    running = comet_ml.OfflineExperiment(offline_directory=str(tmp_path / "other"), **QUIET)
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_scalar("a", 1.0, 1)
    running.end()
    assert "a Comet experiment is running already" in caplog.text
    assert sent(tmp_path).metrics == [("a", 1.0, 1)]


@pytest.mark.parametrize(("api_key", "logins"), [({"api_key": "key"}, 0), ({}, 1)])
def test_an_online_experiment_gets_the_settings_as_they_are(tmp_path, config, comet_ml, monkeypatch, api_key, logins):
    settings = {"project_name": "digits", "workspace": "team", "disabled": False, **api_key, **QUIET}
    calls, asked = [], []

    def online(**options):  # stands for the server only: the experiment itself is real
        calls.append(options)
        return comet_ml.OfflineExperiment(**config)

    monkeypatch.setattr(comet_ml, "Experiment", online)
    monkeypatch.setattr(comet_ml, "init", lambda: asked.append("init"))
    monkeypatch.setattr(comet_ml, "login", lambda: asked.append("login"), raising=False)
    with SummaryWriter(tmp_path / "run", comet_config=settings) as writer:
        writer.add_scalar("a", 1.0, 1)
    assert (calls, asked) == ([settings], ["login"] * logins)
    assert sent(tmp_path).metrics == [("a", 1.0, 1)]


SCRIPT = """
import json, os, sys
import numpy as np
from tensorboardX import SummaryWriter

writer = SummaryWriter("run", comet_config=json.loads(sys.argv[1]))
writer.add_audio("sound", np.zeros(80, np.float32), 1, 8000)
"""


def run_script(tmp_path: Path, config: dict, code: str) -> str:
    """Run the code in a process of its own, whose temporary files are below `tmp_path`; returns its standard error."""
    (tmp_path / "temporary").mkdir()
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path / "temporary")}
    command = [sys.executable, "-c", code, json.dumps(config)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60, check=True
    )
    return done.stderr


def test_the_end_of_the_process_ends_the_experiment_and_leaves_no_temporary_file(tmp_path, config):
    run_script(tmp_path, config, SCRIPT)
    assert sent(tmp_path).file("sound")[:2] == (1, "audio")
    assert list((tmp_path / "temporary").glob("tensorboardX-*")) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_experiment_to_its_parent(tmp_path, config):
    child = """
pid = os.fork()
if pid == 0:
    for step in range(2):
        writer.add_scalar("child", 1.0, step)
    writer.close()
    os._exit(0)  # as multiprocessing does
assert os.waitpid(pid, 0)[1] == 0
writer.add_scalar("parent", 2.0, 1)
writer.close()
"""
    warnings = run_script(tmp_path, config, SCRIPT + child)
    assert warnings.count("nothing is sent to Comet from a process forked") == 1
    assert sent(tmp_path).metrics == [("parent", 2.0, 1)]
    assert len(sent(tmp_path).files) == 1
    assert sorted(name for name, _, _ in scalars(tmp_path / "run")) == ["child", "child", "parent"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_a_thread_starts_an_experiment_does_not_wait_for_it(tmp_path, config):
    code = """
import json, os, signal, sys, threading
import comet_ml
from tensorboardX import SummaryWriter

real, begun, forked, parent = comet_ml.OfflineExperiment, threading.Event(), threading.Event(), os.getpid()

def start(**options):
    if os.getpid() != parent:
        raise ConnectionError("not from here")
    begun.set()
    forked.wait(30)
    return real(**options)

comet_ml.OfflineExperiment = start
writer = SummaryWriter("run", comet_config=json.loads(sys.argv[1]))
thread = threading.Thread(target=writer.add_scalar, args=("parent", 1.0, 1))
thread.start()
begun.wait(30)
pid = os.fork()
if pid == 0:
    signal.alarm(10)
    writer.add_scalar("child", 1.0, 1)
    writer.flush()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
forked.set()
thread.join()
writer.close()
"""
    assert "not from here" in run_script(tmp_path, config, code)
    assert sent(tmp_path).metrics == [("parent", 1.0, 1)]


def test_a_failure_of_log_other_does_not_stop_the_experiment(tmp_path, config, comet_ml, monkeypatch, caplog):
    monkeypatch.setattr(comet_ml.OfflineExperiment, "log_other", no_route)
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_scalar("a", 1.0, 1)
    assert sent(tmp_path).metrics == [("a", 1.0, 1)]
    assert "could not be started" not in caplog.text
    assert "no route" in caplog.text

"""The script that calls every method, as a whole and as a command."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from recorded import EXAMPLE, GRAPHS, SEED, TRIALS, WAVES
from support import served, stock
from support.recording import EXAMPLES, load_example, run_example

import tensorboardX
from tensorboardX import SummaryWriter

OPTIONAL = ("torch", "matplotlib", "sklearn", "onnx", "jax")
PLUGINS = {
    *("scalars", "images", "audio", "histograms", "distributions", "text", "graphs", "pr_curves", "mesh"),
    *("projector", "hparams", "custom_scalars"),
}


def test_every_method_is_called(recorded):
    methods = {name for name in dir(SummaryWriter) if name.startswith("add_")}
    assert {call.method for call in recorded.calls} == methods
    source = inspect.getsource(recorded.module)
    assert all(f"writer.{name}(" in source for name in ("use_metadata", "export_scalars_to_json"))


def test_every_run_and_every_dashboard_is_there(tb):
    assert served.runs(tb) == sorted([*GRAPHS, "resumed", "search", *TRIALS, "training", *WAVES])
    assert tb.wait_until(lambda: served.active_plugins(tb) >= PLUGINS)


def test_the_command_logs_the_same_again_for_the_same_seed(recorded, tmp_path):
    done = run_example(EXAMPLE, "--logdir", str(tmp_path), "--seed", str(SEED))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"tensorboard --logdir {tmp_path}"]
    assert "Warning" not in done.stderr
    assert contents(tmp_path) == contents(recorded.logdir)


def contents(logdir: Path) -> dict[str, list[tuple[int, bytes]]]:
    """{run: [(step, Summary)]}, sorted: scalars may pass values that take longer to encode."""
    return {
        run: sorted((event.step, event.summary.SerializeToString(deterministic=True)) for event in events)
        for run, events in stock.events(logdir).items()
    }


def test_what_needs_a_package_that_is_absent_is_left_out_with_a_notice(tmp_path):
    """Nothing but what `import tensorboardX` needs can be imported."""
    source = str(Path(tensorboardX.__file__).parents[1])
    code = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({OPTIONAL!r}))
sys.path.insert(0, {source!r})
sys.argv[1:] = ["--logdir", {str(tmp_path)!r}]
runpy.run_path({str(EXAMPLES / "all_dashboards.py")!r}, run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    *notices, last = done.stdout.splitlines()
    assert sorted(notice.split()[0] for notice in notices) == sorted(OPTIONAL)
    assert all(notice.endswith("is left out") for notice in notices)
    assert last == f"tensorboard --logdir {tmp_path}"
    assert sorted(contents(tmp_path)) == sorted(["graphs/openvino", "resumed", "search", *TRIALS, "training", *WAVES])


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_main_leaves_the_process_as_it_was(tmp_path):
    random_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    load_example(EXAMPLE).main(["--logdir", str(tmp_path)])
    assert torch.equal(torch.random.get_rng_state(), random_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)

"""The example, run as a user runs it, and everything it logs compared with what stock TensorBoard serves."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from support import served
from support.expected import check_buckets, grid, rounded
from support.recording import Call, load_example, recording, run_example
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

EXAMPLE = "train_digits"
EPOCHS = 4  # TensorBoard keeps 10 images and 100 histograms of a tag
STEPS_PER_EPOCH = 43  # 1347 images in batches of 32; TensorBoard keeps 1000 scalars
PARAMETERS = {f"{layer}.{kind}" for layer in ("conv1", "conv2", "output") for kind in ("weight", "bias")}
ARGUMENTS = ["--epochs", str(EPOCHS), "--seed", "5"]


class Recorded(NamedTuple):
    logdir: Path
    calls: list[Call]

    def by_tag(self, method: str) -> dict[str, list[tuple[int, Any]]]:
        """What one kind of call logged."""
        found: dict[str, list[tuple[int, Any]]] = {}
        for call in self.calls:
            if call.method == method:
                found.setdefault(call.tag, []).append((call.step, call.value))
        return found

    def scalars(self) -> dict[str, dict[str, list[tuple[int, float]]]]:
        """As `served.scalars`: by run and tag, rounded to float32."""
        found = {".": {tag: rounded(points) for tag, points in self.by_tag("add_scalar").items()}}
        for tag, points in self.by_tag("add_scalars").items():
            for key in points[0][1]:
                found[f"{tag}/{key}"] = {tag: rounded([(step, values[key]) for step, values in points])}
        return found


# ---- the runs


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    logdir = tmp_path_factory.mktemp("in_process")
    with recording() as calls:
        load_example(EXAMPLE).main(["--logdir", str(logdir), *ARGUMENTS])
    return Recorded(logdir, calls)


@pytest.fixture(scope="module")
def user_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess]:
    """The log directory and the outcome of the command that the example's docstring gives."""
    logdir = tmp_path_factory.mktemp("user") / "run"
    return logdir, run_example(EXAMPLE, "--logdir", str(logdir), *ARGUMENTS)


# ---- what was logged is what is served


def test_the_example_logs_what_it_promises(recorded):
    epochs, steps = list(range(1, EPOCHS + 1)), list(range(EPOCHS * STEPS_PER_EPOCH))

    def steps_of(method):
        return {tag: [step for step, _ in points] for tag, points in recorded.by_tag(method).items()}

    of_step = ("train/loss", "train/accuracy", "train/learning_rate")
    assert steps_of("add_scalar") == dict.fromkeys(of_step, steps) | {"validation/accuracy": epochs}
    assert steps_of("add_scalars") == {"loss": epochs}
    names = {f"{kind}/{name}" for kind in ("weights", "gradients") for name in PARAMETERS}
    assert steps_of("add_histogram") == dict.fromkeys(names, epochs)
    assert steps_of("add_images") == {"misclassified": epochs}
    assert steps_of("add_figure") == {"confusion_matrix": epochs}
    assert steps_of("add_text") == {"configuration": [0]}


def test_scalars_are_served_as_logged(tensorboard, recorded):
    assert served.scalars(tensorboard(recorded.logdir)) == recorded.scalars()


def test_images_and_figures_are_served_pixel_for_pixel(tensorboard, recorded):
    expected = recorded.by_tag("add_figure")
    for tag, points in recorded.by_tag("add_images").items():
        expected[tag] = [(step, grid(batch)) for step, batch in points]
    found = served.images(tensorboard(recorded.logdir))
    assert found.keys() == {"."}
    assert found["."].keys() == expected.keys()
    for tag, points in expected.items():
        assert found["."][tag].keys() == {0}
        for (step, pixels), (logged_step, logged_pixels) in zip(found["."][tag][0], points, strict=True):
            assert step == logged_step
            assert pixels.std() > 0  # not blank
            np.testing.assert_array_equal(pixels, logged_pixels)


def test_histograms_are_served_with_every_value_in_its_bucket(tensorboard, recorded):
    found = served.histograms(tensorboard(recorded.logdir))
    expected = recorded.by_tag("add_histogram")
    assert found.keys() == {"."}
    assert found["."].keys() == expected.keys()
    for tag, points in expected.items():
        for (step, buckets), (logged_step, values) in zip(found["."][tag], points, strict=True):
            assert step == logged_step
            check_buckets(np.array(buckets), values.astype(np.float64).ravel())


def test_histograms_keep_the_moments(recorded):
    reader = EventAccumulator(str(recorded.logdir), size_guidance={"histograms": 0}).Reload()
    for tag, points in recorded.by_tag("add_histogram").items():
        for event, (step, logged) in zip(reader.Histograms(tag), points, strict=True):
            values, histogram = logged.astype(np.float64).ravel(), event.histogram_value
            assert (event.step, histogram.min, histogram.max) == (step, values.min(), values.max())
            assert histogram.num == values.size
            np.testing.assert_allclose([histogram.sum, histogram.sum_squares], [values.sum(), (values**2).sum()])


def test_text_is_served_as_a_table(tensorboard, recorded):
    [(step, markdown)] = recorded.by_tag("add_text")["configuration"]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.split("\n")]
    assert rows[0] == ["setting", "value"]
    assert ["epochs", str(EPOCHS)] in rows

    found = served.text(tensorboard(recorded.logdir))
    assert found.keys() == {"."}
    [(served_step, page)] = found["."]["configuration/text_summary"]
    cells = [html.unescape(cell) for cell in re.findall(r"<t[hd]>([^<]*)</t[hd]>", page)]
    assert served_step == step
    assert [cell for cell in cells if cell.strip()] == [cell for row in [rows[0], *rows[2:]] for cell in row]


def test_runs_and_dashboards(tensorboard, recorded):
    tb = tensorboard(recorded.logdir)
    assert served.runs(tb) == [".", "loss/train", "loss/validation"]
    assert {"scalars", "images", "histograms", "distributions", "text"} <= served.active_plugins(tb)


# ---- the command


def test_the_command_ends_with_the_line_that_shows_the_run(user_run):
    logdir, done = user_run
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"tensorboard --logdir {logdir}"
    assert f"{EPOCHS * STEPS_PER_EPOCH}/{EPOCHS * STEPS_PER_EPOCH}" in done.stderr  # the progress bar
    assert "Warning" not in done.stderr


def test_the_command_writes_what_the_same_training_logged_here(tensorboard, user_run, recorded):
    tb = tensorboard(user_run[0])
    found, expected = served.scalars(tb), recorded.scalars()
    assert {run: tags.keys() for run, tags in found.items()} == {run: tags.keys() for run, tags in expected.items()}
    for run, tags in expected.items():
        for tag, points in tags.items():
            # Not exactly: the order in which a CPU adds depends on where in memory the numbers lie.
            np.testing.assert_allclose(found[run][tag], points, rtol=0.02, atol=0.05, err_msg=f"{run} {tag}")
    histograms = {tag: [step for step, _ in points] for tag, points in served.histograms(tb)["."].items()}
    assert histograms == {tag: [s for s, _ in points] for tag, points in recorded.by_tag("add_histogram").items()}
    images = {tag: [step for step, _ in samples[0]] for tag, samples in served.images(tb)["."].items()}
    epochs = list(range(1, EPOCHS + 1))
    assert images == {"confusion_matrix": epochs, "misclassified": epochs}


def test_the_network_learns_in_the_default_number_of_epochs(tmp_path):
    done = run_example(EXAMPLE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    [run] = (tmp_path / "runs").iterdir()
    assert run.name.endswith("_digits")
    assert done.stdout.splitlines()[-1] == f"tensorboard --logdir {Path('runs', run.name)}"
    assert float(re.search(r"validation accuracy ([\d.]+)%", done.stdout)[1]) > 95


def test_a_useless_number_of_epochs_is_refused_before_anything_is_written(tmp_path):
    done = run_example(EXAMPLE, "--epochs", "0", cwd=tmp_path)
    assert done.returncode == 2
    assert "--epochs must be at least 1" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_main_leaves_the_process_as_it_was(tmp_path):
    threads, random_state = torch.get_num_threads(), torch.random.get_rng_state()
    numpy_state = np.random.get_state()[1].copy()
    load_example(EXAMPLE).main(["--logdir", str(tmp_path), "--epochs", "1"])
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), random_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)

"""The example language_model: the commands of its page run, and what they logged is read back."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from support import served
from support.recording import EXAMPLES, run_example
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/language_model.md").read_text(encoding="utf-8")
PROGRAM = re.compile(r"^python examples/(language_model/\w+)\.py(.*)$", re.MULTILINE)
TRIALS = ["rank2_lr0.003", "rank16_lr0.003", "rank16_lr0.0003"]
RUNS = sorted(["pretrain", "too_fast", *(f"finetune/{trial}" for trial in TRIALS)])
NORMS = [f"watch/{kind}_norm" for kind in ("gradient", "update", "weight")]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, list[str]]]:
    """The trainings that the page's shell blocks start, in order."""
    text = "\n".join(blocks("bash")).replace("\\\n", "")
    return [(program, arguments.split()) for program, arguments in PROGRAM.findall(text)]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the page's commands ran, with --quick after each."""
    directory = tmp_path_factory.mktemp("language_model")
    for program, arguments in commands():
        done = run_example(program, *arguments, "--quick", cwd=directory)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "tensorboard --logdir runs/language_model"
        assert "Warning" not in done.stderr
    return directory


@pytest.fixture(scope="module")
def modules() -> dict[str, ModuleType]:
    """The modules of the example, imported as its programs import them."""
    folder = EXAMPLES / "language_model"
    names = [path.stem for path in folder.glob("*.py")]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        for name in names:
            patch.delitem(sys.modules, name, raising=False)
        found = {name: importlib.import_module(name) for name in names}
        yield found
        for name in names:
            del sys.modules[name]


# ---- the page


def test_the_pictures_are_made_by_the_commands_of_the_page():
    spec = importlib.util.spec_from_file_location("make_pictures", ROOT / "docs/make_pictures.py")
    make_pictures = importlib.util.module_from_spec(spec)
    sys.modules["make_pictures"] = make_pictures  # where dataclasses look up its annotations
    spec.loader.exec_module(make_pictures)
    listed = [command.split() for command in make_pictures.COMMANDS["language_model"]]
    assert [[f"{program}.py", *arguments] for program, arguments in commands()] == listed
    made = {one.name for one in make_pictures.DASHBOARDS if one.example == "language_model"}
    shown = set(re.findall(r"\(images/(\w+)\.png\)", PAGE))
    assert shown == made
    assert all((ROOT / f"docs/images/{name}.png").exists() for name in shown)


def test_the_code_on_the_page_is_that_of_the_example():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (EXAMPLES / "language_model").glob("*.py"))
    shown = [block for block in blocks("python") if "tensorboardX.reader" not in block]
    assert len(shown) > 4
    for block in shown:
        assert block in source, block


@pytest.mark.slow
def test_the_page_reads_the_losses_back(work, monkeypatch, capsys):
    [block] = [block for block in blocks("python") if "tensorboardX.reader" in block]
    monkeypatch.chdir(work)
    exec(block, {})
    printed = capsys.readouterr().out
    assert all(trial in printed for trial in TRIALS)


# ---- what was logged


@pytest.mark.slow
def test_tensorboard_serves_every_run(tensorboard, work):
    tb = tensorboard(work / "runs/language_model")
    scalars, images, texts = served.scalars(tb), served.image_files(tb), served.text(tb)
    assert sorted(scalars) == RUNS
    for run, tags in scalars.items():
        steps = 2 if run.startswith("finetune") else 4
        for name in ("loss", "learning_rate", "tokens_per_second"):
            assert [step for step, _ in tags[f"train/{name}"]] == list(range(steps))
        assert [step for step, _ in tags["validation/loss"]][-1] == steps
        assert set(NORMS) <= tags.keys()
        assert images[run].keys() == {"attention/layer0"}
        pages = texts[run]
        assert [step for step, _ in pages["samples/text_summary"]] == [0, steps]
        assert "The function" in pages["samples/text_summary"][0][1]
    watched = served.histograms(tb)
    assert {"watch/weights/scores.weight", "watch/gradients/bytes.weight"} <= watched["pretrain"].keys()
    trained = {tag for tag in watched["finetune/rank2_lr0.003"] if tag.startswith("watch/weights/")}
    assert trained
    assert all(tag.endswith((".a", ".b")) for tag in trained)


@pytest.mark.slow
def test_the_hparams_dashboard_compares_the_trials(tensorboard, work):
    tb = tensorboard(work / "runs/language_model")
    experiment = served.hparams_experiment(tb)
    assert {info["name"] for info in experiment["hparamInfos"]} == {"rank", "learning_rate"}
    groups = served.hparams_session_groups(tb)
    found = {(group["hparams"]["rank"], group["hparams"]["learning_rate"]) for group in groups}
    assert found == {(2, 0.003), (16, 0.003), (16, 0.0003)}
    scalars = served.scalars(tb)
    for trial in TRIALS:
        tags = scalars[f"finetune/{trial}"]
        assert tags["final/validation_loss"][-1][1] == tags["validation/loss"][-1][1]


@pytest.mark.slow
def test_the_schedule_and_the_speed(work):
    pretrain, too_fast = (
        EventAccumulator(str(work / "runs/language_model" / run)).Reload() for run in ("pretrain", "too_fast")
    )
    rates = [event.value for event in pretrain.Scalars("train/learning_rate")]
    np.testing.assert_allclose(rates, np.arange(1, 5) / 40 * 3e-3, rtol=1e-6)  # the warm-up takes 40 steps
    assert too_fast.Scalars("train/learning_rate")[0].value == pytest.approx(0.03)
    assert all(event.value > 0 for event in pretrain.Scalars("train/tokens_per_second"))
    losses = [event.value for event in pretrain.Scalars("validation/loss")]
    assert losses[0] == pytest.approx(np.log(256), abs=0.05)  # at first, all bytes are equally likely
    bits = [event.value for event in pretrain.Scalars("validation/bits_per_byte")]
    np.testing.assert_allclose(bits, np.array(losses) / np.log(2), rtol=1e-6)


# ---- the parts


def test_a_byte_sees_no_later_byte(modules):
    model = modules["model"].LanguageModel(modules["model"].Shape(2, 32, 2, 16))
    tokens = torch.randint(256, (3, 16))
    changed = tokens.clone()
    changed[:, 9:] = (changed[:, 9:] + 1) % 256
    torch.testing.assert_close(model(tokens)[:, :9], model(changed)[:, :9])
    assert not torch.allclose(model(tokens)[:, 9], model(changed)[:, 9])
    for heads in model.attention(tokens[0]):
        torch.testing.assert_close(heads.sum(-1), torch.ones(2, 16))
        assert heads.triu(1).count_nonzero() == 0


def test_lora_starts_from_the_frozen_model_and_merges(modules):
    model = modules["model"].LanguageModel(modules["model"].Shape(1, 32, 2, 16))
    tokens = torch.randint(256, (2, 16))
    before, names = model(tokens), list(model.state_dict())
    modules["lora"].add_lora(model, rank=4, alpha=8)
    torch.testing.assert_close(model(tokens), before)
    trained = modules["lora"].trainable(model)
    assert sum(parameter.numel() for parameter in trained) == 4 * (4 * (32 + 32) + 2 * (32 + 128))
    for parameter in trained:
        torch.nn.init.normal_(parameter, std=0.1)
    learned = model(tokens)
    assert not torch.allclose(learned, before)
    modules["lora"].merge_lora(model)
    assert list(model.state_dict()) == names
    torch.testing.assert_close(model(tokens), learned)


def test_the_validation_text_is_not_in_the_training_text(modules):
    data = modules["data"]
    for corpus in (data.python_reference(), data.numpy_docstrings()):
        train, validation = (
            {" ".join(paragraph.split()) for paragraph in data.decode(part).split("\n\n")} for part in corpus
        )
        assert min(len(train), len(validation)) > 100
        assert not [text for text in train & validation if len(text) >= 100]


@pytest.mark.parametrize(
    ("program", "arguments", "message"),
    [("pretrain", ["--steps", "0"], "--steps must be at least 1"), ("finetune", [], "run pretrain.py first")],
)
def test_useless_arguments_are_refused_before_anything_is_written(program, arguments, message, tmp_path):
    done = run_example(f"language_model/{program}", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_page_names_every_file():
    files = {path.name for path in (EXAMPLES / "language_model").glob("*.py")}
    assert files <= set(re.findall(r"(\w+\.py)", PAGE))

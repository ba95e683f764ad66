"""Fifty faults in otherwise sound runs: who writes one, and what has to be found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tensorboardX import SummaryWriter

START = 1.7e9
N = 600

Values = np.ndarray
Series = tuple[np.ndarray, np.ndarray, np.ndarray]  # steps, wall times, values


class Fault(NamedTuple):
    """A fault, and what tells where it is: check, run, tag and step. A step of None may be any."""

    name: str
    write: Callable[[Path], None]
    check: str
    run: str
    tag: str
    step: int | None


def loss(seed: int, count: int = N, floor: float = 0.05, noise: float = 0.15) -> Values:
    """A loss that falls as losses do, with noise that is proportional to it."""
    rng = np.random.default_rng(seed)
    return (2.3 * np.exp(-np.arange(count) / (0.3 * count)) + floor) * np.exp(noise * rng.normal(size=count))


def accuracy(seed: int, count: int = N) -> Values:
    """The share of right answers in batches of 32."""
    rng = np.random.default_rng(seed)
    right = 0.97 - 0.87 * np.exp(-np.arange(count) / (0.1 * count))
    return rng.binomial(32, right) / 32


def schedule(count: int = N) -> Values:
    """A learning rate that is warmed up, falls in steps, and begins anew."""
    index = np.arange(count)
    return np.where(index < 50, index / 50, 0.1 ** (index // 150 % 3)) * 1e-3


def series(values: Values) -> Series:
    index = np.arange(len(values))
    return index, START + index, np.asarray(values, float)


def write(directory: Path, tag: str, points: Series, **options: object) -> None:
    with SummaryWriter(str(directory), **options) as writer:
        for step, wall_time, value in zip(*points, strict=True):
            writer.add_scalar(tag, float(value), int(step), walltime=float(wall_time))


def write_sound(directory: Path, seed: int) -> None:
    """What a training without any fault logs."""
    with SummaryWriter(str(directory)) as writer:
        all_values = {
            "train/loss": loss(seed),
            "train/accuracy": accuracy(seed),
            "train/learning_rate": schedule(),
            "gradient_norm": np.random.default_rng(seed).lognormal(0, 0.5, N),
        }
        for tag, values in all_values.items():
            for step, wall_time, value in zip(*series(values), strict=True):
                writer.add_scalar(tag, float(value), int(step), walltime=float(wall_time))
        for epoch in range(10):
            for tag, value in {"val/loss": 2 * 0.6**epoch + 0.1, "val/accuracy": 1 - 0.6 ** (epoch + 1)}.items():
                writer.add_scalar(tag, value, epoch, walltime=START + 60 * (epoch + 1))


def _replaced(values: Values, index: int, value: float) -> Values:
    values = values.copy()
    values[index] = value
    return values


def _of_one(name: str, check: str, tag: str, points: Series, step: int | None) -> Fault:
    return Fault(name, lambda directory: write(directory, tag, points), check, ".", tag, step)


def _not_finite() -> Iterator[Fault]:
    for seed, (index, value) in enumerate([(0, np.nan), (1, np.nan), (300, np.nan), (N - 1, np.nan)]):
        yield _of_one(f"nan {index}", "nan", "train/loss", series(_replaced(loss(seed), index, value)), index)
    yield _of_one("nan in few", "nan", "score", series(np.array([1.0, 2.0, np.nan])), 2)
    for seed, (index, value) in enumerate([(0, np.inf), (77, -np.inf), (300, np.inf), (N - 1, np.inf)]):
        yield _of_one(f"inf {index}", "infinity", "train/loss", series(_replaced(loss(seed), index, value)), index)

    def of_sub_run(directory: Path) -> None:
        with SummaryWriter(str(directory)) as writer:
            for step in range(30):
                writer.add_scalars("chart", {"a": 1.0, "b": np.nan if step == 9 else 2.0}, step)

    yield Fault("nan in a chart", of_sub_run, "nan", "chart/b", "chart", 9)
    yield _of_one("inf alone", "infinity", "lr", series(np.array([np.inf])), 0)


def _spikes() -> Iterator[Fault]:
    for seed, (index, value) in enumerate([(50, 80.0), (200, 100.0), (599, 30.0), (400, 1e9)]):
        yield _of_one(f"spike {index}", "spike", "train/loss", series(_replaced(loss(seed), index, value)), index)
    for index, value in ((300, -9.0), (450, 17.0)):
        yield _of_one(f"spike of accuracy {index}", "spike", "acc", series(_replaced(accuracy(1), index, value)), index)
    norms = np.random.default_rng(3).lognormal(0, 0.5, N)
    yield _of_one("spike of gradients", "spike", "gradient_norm", series(_replaced(norms, 333, 500.0)), 333)
    risen = np.concatenate((loss(5)[:300], 50 + loss(6)[300:]))
    yield _of_one("loss that leaps and stays", "spike", "loss", series(risen[:380]), 300)


def _plateaus() -> Iterator[Fault]:
    rng = np.random.default_rng(4)
    yield _of_one("never learns", "plateau", "train/loss", series(2.3 + 0.01 * rng.normal(size=N)), None)
    yield _of_one("exactly constant", "plateau", "train/loss", series(np.full(100, 2.302585)), 49)
    stuck = np.concatenate((loss(7)[:200], np.full(200, 0.7)))
    yield _of_one("stuck later", "plateau", "loss/total", series(stuck), 249)
    stalled = np.concatenate((loss(8, 400)[:150], np.full(1500, 1.5) + 0.05 * rng.normal(size=1500)))
    yield _of_one("stalls", "plateau", "train_loss", series(stalled), None)
    yield _of_one("rises", "plateau", "val_loss", series(loss(16)[::-1]), None)
    slow = 1 + np.exp(-np.arange(20_000) / 1000) + 0.02 * rng.normal(size=20_000)
    yield _of_one("stalls in a long run", "plateau", "mse", series(slow), None)


def _pair(train: tuple[str, str], validation: tuple[str, str]) -> Callable[[Path], None]:
    def write_pair(directory: Path) -> None:
        for (run, tag), values, every in ((train, loss(9), 1), (validation, overfit(), 50)):
            steps = np.arange(len(values)) * every
            write(directory / run, tag, (steps // every, START + steps + every, values))

    return write_pair


def overfit() -> Values:
    """Twelve losses of validation, of which the fifth is the best."""
    return np.array([2.0, 1.4, 1.0, 0.8, 0.7, 0.75, 0.85, 0.95, 1.05, 1.2, 1.4, 1.6])


def _divergences() -> Iterator[Fault]:
    names = [
        (("", "train/loss"), ("", "val/loss")),
        (("", "loss/train"), ("", "loss/validation")),
        (("", "train_loss"), ("", "valid_loss")),
        (("train", "epoch_loss"), ("validation", "epoch_loss")),
        (("loss/train", "loss"), ("loss/test", "loss")),
        (("a/training", "nll"), ("a/eval", "nll")),
    ]
    for train, validation in names:
        run = validation[0] or "."
        yield Fault(f"{train} {validation}", _pair(train, validation), "divergence", run, validation[1], 9)


def _steps() -> Iterator[Fault]:
    for at, back in ((300, 0), (599, 598), (20, 10)):
        steps, times, values = series(loss(10))
        steps = np.where(np.arange(N) >= at, steps - at + back - 1, steps)
        yield _of_one(f"back to {back - 1}", "steps back", "loss", (steps, times, values), back - 1)
    steps, times, values = series(loss(11))
    yield _of_one("one step back", "steps back", "loss", (_replaced(steps, 100, 7), times, values), 7)

    def restart(directory: Path) -> None:
        steps, times, values = series(loss(12))
        write(directory, "loss", (steps[:400], times[:400], values[:400]), filename_suffix=".1")
        write(directory, "loss", (steps[350:], times[350:] + 500, values[350:]), filename_suffix=".2")

    yield Fault("restart", restart, "steps back", ".", "loss", 350)


def _gaps() -> Iterator[Fault]:
    for every, at, missing in ((1, 30, 50), (1, 500, 1000), (10, 300, 2000), (100, 599, 100_000)):
        steps, times, values = series(loss(13))
        steps = steps * every + np.where(np.arange(N) >= at, missing, 0)
        yield _of_one(f"gap of {missing}", "gap", "loss", (steps, times, values), int(steps[at]))

    def lost_file(directory: Path) -> None:
        for part in range(3):
            kept = slice(200 * part, 200 * (part + 1))
            steps, times, values = series(loss(17))
            write(directory, "loss", (steps[kept], times[kept], values[kept]), filename_suffix=f".{part}")
        next(directory.glob("*.1")).unlink()

    yield Fault("a file is gone", lost_file, "gap", ".", "loss", 400)


def _clocks() -> Iterator[Fault]:
    for at, seconds in ((1, -3600.0), (300, -5.0), (500, -1e9), (300, 86400.0), (599, 4000.0)):
        steps, times, values = series(loss(14))
        times = times + np.where(np.arange(N) >= at, seconds, 0)
        yield _of_one(f"clock {at} {seconds}", "clock", "loss", (steps, times, values), at)


def _of_directories() -> Iterator[Fault]:
    def two_kinds(directory: Path) -> None:
        with SummaryWriter(str(directory)) as writer:
            writer.add_scalar("x", 1.0, 3)
            writer.add_histogram("x", [1.0, 2.0], 5)

    def scalar_and_image(directory: Path) -> None:
        with SummaryWriter(str(directory / "run")) as writer:
            writer.add_image("y", np.zeros((3, 4, 4)), 1)
            writer.add_scalar("y", 1.0, 2)

    def many(directory: Path) -> None:
        for index in range(501):
            (directory / f"run{index}").mkdir(parents=True)
            (directory / f"run{index}" / "events.out.tfevents.1").touch()

    def flipped(directory: Path) -> None:
        write(directory / "a", "loss", series(loss(15)))
        [path] = (directory / "a").iterdir()
        content = bytearray(path.read_bytes())
        content[900] ^= 1
        path.write_bytes(content)

    yield Fault("scalar and histogram", two_kinds, "kinds", ".", "x", 5)
    yield Fault("image and scalar", scalar_and_image, "kinds", "run", "y", 2)
    yield Fault("many runs", many, "runs", "", "", None)
    yield Fault("a wrong bit", flipped, "damage", "a", "", None)


FAULTS = [
    *_not_finite(),
    *_spikes(),
    *_plateaus(),
    *_divergences(),
    *_steps(),
    *_gaps(),
    *_clocks(),
    *_of_directories(),
]

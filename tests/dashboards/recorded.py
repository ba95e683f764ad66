"""The calls that the script `all_dashboards` makes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from support.recording import Call

EXAMPLE = "all_dashboards"
SEED = 3
TRIALS = [f"search/{optimizer}_{trial}" for optimizer in ("adam", "sgd") for trial in range(4)]
GRAPHS = ["graphs/jax", "graphs/onnx", "graphs/openvino", "graphs/pytorch"]
WAVES = ["training/waves/cosine", "training/waves/damped", "training/waves/sine"]


class Recorded(NamedTuple):
    logdir: Path
    module: ModuleType
    calls: list[Call]

    def run(self, call: Call) -> str:
        return Path(call.logdir).relative_to(self.logdir).as_posix()

    def step(self, call: Call) -> int:
        """The step under which a call is served: one without a step is at 0, or where `use_metadata` puts it."""
        if call.step is None:
            return self.module.CHECKPOINT if "checkpoint" in call.tag else 0
        return call.step

    def by_tag(self, method: str) -> dict[str, list[tuple[int, Call]]]:
        """The calls of one method in the run `training`, by tag and with their steps."""
        found: dict[str, list[tuple[int, Call]]] = {}
        for call in self.calls:
            if call.method == method and self.run(call) == "training":
                found.setdefault(call.tag, []).append((self.step(call), call))
        assert found
        return found

    def only(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

"""The end of a backward pass: when gradients are complete, and nobody has clipped them yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch


class BackwardEnd:
    """Calls a function at the end of each backward pass that accumulates a gradient of one of the parameters.

    Hooks of the parameters notice that a pass has begun; a callback of the autograd engine runs at its end, on the
    stream of the caller of `backward`. DistributedDataParallel and FSDP complete the gradients in such callbacks too.
    They have queued theirs when the first callback runs, so the second, which that one queues, comes after them.
    """

    def __init__(self, parameters: Iterable[Any], function: Callable[[], None]) -> None:
        self._function = function
        self._task = -1  # the pass whose end is awaited; one that fails has no end
        self._hooks = [parameter.register_post_accumulate_grad_hook(self._begin) for parameter in parameters]

    def remove(self) -> None:
        """Remove the hooks."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def _begin(self, _: Any) -> None:
        task = torch._C._current_graph_task_id()
        if task != self._task:
            self._task = task
            torch.autograd.Variable._execution_engine.queue_callback(self._queue_again)

    def _queue_again(self) -> None:
        torch.autograd.Variable._execution_engine.queue_callback(self._end)

    def _end(self) -> None:
        self._task = -1
        if self._hooks:
            self._function()

"""The handle of a model that is watched."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ..errors import InvalidTypeError, InvalidValueError, RefusedValueError, describe, shown
from ..notices import log_safely, logger
from .attendance import Attendance
from .measurement import Encoded, Measurement, Settings
from .parameters import checked_model, checked_optimizer, watched_parameters
from .sharding import shares_of

T = TypeVar("T")


class Watch:
    """Measures every n-th step of an optimizer, until it is removed. Returned by `SummaryWriter.watch`.

    Between two measured steps there is one hook, of the optimizer, that counts; the other hooks are there from the
    end of the step before a measured one to its end.

    Args:
        write: takes a tag, what encodes its Summary, and the step.
        model, optimizer, every, step: see `SummaryWriter.watch`.
        settings: what to write.
        is_needed: whether somebody reads it. Without one only sums over processes are taken part in.
    """

    def __init__(
        self,
        write: Callable[[str, partial[bytes], int], None],
        model: Any,
        optimizer: Any,
        every: int,
        step: int,
        settings: Settings,
        is_needed: bool,
    ) -> None:
        self._write = write
        self._model = checked_model(model)
        self._optimizer = checked_optimizer(optimizer)
        self._every = _checked_count("every", every, 1)
        self._step = _checked_count("step", step, 0)
        self._settings = settings
        parameters = watched_parameters(self._model, self._optimizer)
        self._measurement: Measurement | None = None
        self._hook: Any = None
        self._has_failed = False
        groups = [group for share in shares_of(parameters) for group in share.groups]
        self._attendance = Attendance(groups, f"{settings.tag}/{self._every}/{self._step}/{settings.updates}")
        if is_needed or groups:
            self._hook = self._optimizer.register_step_post_hook(self._after_step)
            if self._step % self._every == 0:
                self._begin()

    def remove(self) -> None:
        """Remove the hooks and let go of the model. Idempotent."""
        if self._measurement is not None:
            self._measurement.remove()
        if self._hook is not None:
            self._hook.remove()
        self._measurement = self._hook = self._model = self._optimizer = None

    def _after_step(self, *_: Any) -> None:
        measurement, self._measurement = self._measurement, None
        step = self._step
        self._step += 1
        if measurement is not None:
            measurement.remove()
            for tag, encode in self._guarded(partial(self._finish, measurement)) or ():
                self._write(tag, encode, step)
        if self._step % self._every == 0:
            self._guarded(self._begin)

    def _finish(self, measurement: Measurement) -> list[Encoded]:
        if not self._attendance.is_complete():
            raise RefusedValueError("a model that is spread over processes has to be watched by each of them")
        return measurement.finish()

    def _begin(self) -> None:
        parameters = watched_parameters(self._model, self._optimizer)
        self._measurement = Measurement(parameters, self._optimizer, self._settings, self._guarded)

    def _guarded(self, function: Callable[[], T]) -> T | None:
        """Call a function. Its failure ends the watch with a warning, and not the training.

        The hooks stay until they are removed from outside: it may be one of them that is running.
        """
        if self._has_failed:
            return None
        try:
            return function()
        except Exception:
            self._has_failed = True
            message = "tag %s: the model is not watched any more"
            log_safely(logger.warning, message, shown(self._settings.tag), exc_info=True)
            return None


def _checked_count(name: str, value: Any, least: int) -> int:
    try:
        count = operator.index(value)
    except TypeError as error:
        raise InvalidTypeError(f"{name}: got {describe(value)}; accepted is an integer of at least {least}") from error
    if count < least:
        raise InvalidValueError(f"{name}: got {count}; accepted is an integer of at least {least}")
    return count

"""The life of a Comet experiment: when it starts and ends, in which process, and the files it needs meanwhile."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidTypeError, missing_extra
from ..notices import log_safely, logger

_starting = threading.Lock()  # one for all: the experiment that runs is a global of comet_ml


def is_off(config: Mapping[str, Any] | None) -> bool:
    """Return whether a `comet_config` disables sending. Raises TypeError unless it is a dict or None."""
    if config is None:
        return True
    if not isinstance(config, Mapping):  # the value is not shown: it may be an API key
        raise InvalidTypeError(f"comet_config: got {type(config).__name__}; accepted is a dict or None")
    return not config or bool(config.get("disabled"))


class CometExperiment:
    """An experiment of comet_ml, started when it is first needed, and again when it is needed after `end`.

    Args:
        config: as for `comet.attach`.

    Raises MissingExtraError without the package comet-ml, unless the config disables sending.
    """

    def __init__(self, config: Mapping[str, Any] | None) -> None:
        self._config = {} if is_off(config) or config is None else dict(config)
        self._comet_ml: Any = _import_comet_ml() if self._config else None
        self._experiment: Any = None
        self._pid = 0
        self._cannot_start = False
        self._warned_of_fork = False
        self._directory: str | None = None

    def current(self) -> Any:
        """Return the experiment, started if need be.

        Returns None if the config disables it, and, after one warning, if it could not be started or a parent process
        started it.
        """
        if self._experiment is None and self._config:
            with _starting:
                if self._experiment is None and not self._cannot_start:
                    self._start()
        if self._is_parents():
            self._warn_of_fork()
            return None
        return self._experiment

    def directory(self) -> str:
        """Return a temporary directory that lasts until the end of the experiment, which sends in the background."""
        if self._directory is None:
            self._directory = tempfile.mkdtemp(prefix="tensorboardX-comet-")
        return self._directory

    def end(self) -> None:
        """Wait until everything is sent, and end the experiment, as the end of the process does.

        Does nothing where none was started.
        """
        if self._is_parents():
            return
        self._cannot_start = False
        experiment, self._experiment = self._experiment, None
        directory, self._directory = self._directory, None
        if experiment is None:
            return
        atexit.unregister(self.end)
        try:
            experiment.end()
        finally:
            if self._comet_ml.get_global_experiment() is experiment:
                self._comet_ml.config.set_global_experiment(None)
            if directory is not None:
                shutil.rmtree(directory, ignore_errors=True)

    def _start(self) -> None:
        comet_ml = self._comet_ml
        try:
            running = comet_ml.get_global_experiment()
            if running is not None and getattr(running, "alive", True):
                log_safely(
                    logger.warning,
                    "a Comet experiment is running already; comet_config starts another, which replaces it",
                )
            experiment = _new_experiment(comet_ml, self._config)
        except Exception as error:
            self._cannot_start = True
            log_safely(logger.warning, "nothing is sent to Comet: the experiment could not be started: %s", error)
            return
        self._pid = os.getpid()
        self._experiment = experiment
        atexit.register(self.end)  # before the hook of Comet, which leaves the files behind
        self._say_who_made_it()

    def _say_who_made_it(self) -> None:
        try:
            self._experiment.log_other("Created from", "tensorboardX")
        except Exception as error:
            log_safely(logger.warning, "not sent to Comet: what created the experiment: %s", error)

    def _is_parents(self) -> bool:
        """Tell whether a parent process started the experiment: the threads that send are not in this one."""
        return self._experiment is not None and self._pid != os.getpid()

    def _warn_of_fork(self) -> None:
        if not self._warned_of_fork:
            self._warned_of_fork = True
            log_safely(logger.warning, "nothing is sent to Comet from a process forked while an experiment was running")


def _import_comet_ml() -> Any:
    try:
        import comet_ml
    except ImportError as error:
        raise missing_extra("comet-ml", "comet", "comet_config") from error
    return comet_ml


def _new_experiment(comet_ml: Any, config: Mapping[str, Any]) -> Any:
    options = {name: value for name, value in config.items() if name != "online"}
    if not config.get("online", "offline_directory" not in config):
        return comet_ml.OfflineExperiment(**options)
    if "api_key" not in options:  # finds it in Comet's settings, or asks at a terminal; `init` is the older name
        getattr(comet_ml, "login", comet_ml.init)()
    return comet_ml.Experiment(**options)


def _after_fork_in_child() -> None:
    global _starting
    _starting = threading.Lock()  # a thread that the child does not have may be starting an experiment


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

"""The lifecycle of a SummaryWriter: the directory of its run, and the file writers in it."""

from __future__ import annotations

import contextlib
import os
import re
import weakref
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ..background.queue import EventQueue, Stats
from ..background.thread import WriterThread
from ..errors import InvalidTypeError, LogdirError, WriteError, describe
from ..notices import warn_once
from ..proto.event_pb2 import Event, SessionLog
from ..proto.summary_pb2 import Summary
from ..records.events import checked_suffix
from ..storage.factories import is_local, is_relative, local_path
from ..storage.links import without_leaving
from ..summary.histogram import DEFAULT_BINS
from ..summary.image import checked_format
from .compiler import register_with_compiler
from .environment import queue_settings, setting
from .file_writer import DefaultMetadata, DummyFileWriter, FileWriter
from .history import Point, ScalarHistory
from .paths import below, kept_inside
from .ranks import Role, role_of, start_reducer, warn_of_ranks
from .replaceable import notify_when_replaced

if TYPE_CHECKING:
    from ..background.watchdog import Watchdog
    from ..distributed.reducer import Reducer
    from ..doctor import Finding

AnyFileWriter = FileWriter | DummyFileWriter
_MOST_TAGS = 10_000
_MEANT_WITHOUT_STEP = ("hp_metric",)  # Lightning logs it at the beginning of each stage
_UNLIKE = re.compile(r"[^A-Za-z0-9/]")
Self = TypeVar("Self", bound="RunWriter")


def default_logdir(comment: str) -> str:
    """Return `runs/<month><day>_<time>_<host><comment>`; slashes in the comment make subdirectories."""
    import socket

    return kept_inside("runs", f"{datetime.now():%b%d_%H-%M-%S}_{socket.gethostname()}{comment}")


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _write_starts(writer: Any, step: int) -> None:
    for _ in range(2):
        writer.add_event(Event(session_log=SessionLog(status=SessionLog.START)), step)


def is_sub_run(run: str, tag: str) -> bool:
    """Whether `add_scalars` made a sub-run, by its name and the tag of its values.

    That of the tag `a/b` and the key `c` is `a/b/c` here and `a_b_c` in torch.utils.tensorboard. In tags other
    characters are replaced than in the names of directories.
    """
    given, ours, theirs = (_UNLIKE.sub("_", name) for name in (run, below("", tag).replace(os.sep, "/"), tag))
    return bool(tag) and given.startswith((f"{ours}/", f"{theirs.replace('/', '_')}_"))


def _new_watchdog(report: Any) -> Watchdog | None:
    if report is None:
        return None
    if not callable(report):
        raise InvalidTypeError(f"watchdog: got {describe(report)}; accepted is a function that takes a Finding")
    from ..background.watchdog import Watchdog

    return Watchdog(report)


class Shadowable:
    """A property that a subclass may shadow with an attribute of its own."""

    def __init__(self, get: Callable[[Any], Any]) -> None:
        self._get = get
        self.__doc__ = get.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else self._get(instance)


class RunWriter:
    """Holds the event files of one run: the run's own, and those of the sub-runs that `add_scalars` makes.

    See `SummaryWriter` for the arguments.
    """

    _watchdog: Watchdog | None = None  # a copy in another process has none
    _shares_run = False
    """Whether processes that write to one run are meant to."""

    def __init__(
        self,
        logdir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        log_dir: str | os.PathLike[str] | None = None,
        comet_config: dict[str, Any] | None = None,
        image_format: str = "PNG",
        *,
        resume_step: int | None = None,
        distributed: str | None = None,
        reduce: str | Sequence[str] | None = None,
        watchdog: Callable[[Finding], object] | None = None,
        **kwargs: Any,
    ) -> None:
        given = logdir or log_dir
        chosen = given or default_logdir(comment)
        if not isinstance(chosen, (str, os.PathLike)):
            raise InvalidTypeError(f"logdir: got {describe(chosen)}; accepted is a path")
        role = role_of(distributed, reduce, chosen, bool(given), self._shares_run)
        self.logdir = self.log_dir = role.logdir  # a Path stays one: programs write `writer.logdir / name`
        self._is_silent = role.is_silent
        self.purge_step = purge_step
        self.default_bins = list(DEFAULT_BINS)
        self.kwargs = kwargs
        self._default_histogram = setting("bins", "tensorflow", "tensorflow")
        self._queue_settings = queue_settings(kwargs)
        self._max_queue = max_queue
        self._flush_secs = setting("flush_secs", flush_secs, 120)
        self._filename_suffix = checked_suffix(filename_suffix)
        self._write_to_disk = write_to_disk and not role.is_silent
        self._comet_config = comet_config
        self._image_format = checked_format(setting("image_format", image_format, "PNG"))
        self._anchor = _working_directory()
        self._watchdog = _new_watchdog(watchdog)
        self._start()
        if resume_step is not None and not role.is_silent:
            self._resume(resume_step)
        try:
            self._open(open_now=True)
        except OSError as error:
            raise LogdirError(error.errno, f"cannot log to {self._directory!r}: {error.strerror or error}") from error
        self._mark_purge()
        self._mark_resumed(self._directory, self.file_writer)
        self._join_ranks(role, resume_step if purge_step is None else purge_step)

    def _start(self) -> None:
        self._file_writer: Any = None
        self._reducer: Reducer | None = None
        self.all_writers: dict[str, Any] | None = None
        self._default_metadata = DefaultMetadata()
        self._scalar_history = ScalarHistory()
        self._custom_scalars_layout: dict[str, dict[str, list[Any]]] = {}
        self._tags_without_step: set[str] = set()
        self._writer_of_logdir: dict[str, Any] = {}  # kept after `close`, to be opened again
        self._thread = WriterThread()
        self._fast_queue: EventQueue | None = None
        self._chart_queues: dict[tuple[str, str], tuple[str, EventQueue]] = {}  # of `add_scalars`
        self._resumed: dict[str, int] = {}  # directories whose next file is to begin with what `resume_step` writes
        notify_when_replaced(self)
        register_with_compiler()

    def _join_ranks(self, role: Role, void_from: int | None) -> None:
        """Reduce what the ranks log, if this one is to; warn if they write to one directory.

        Args:
            void_from: the step from which on a run that began earlier is void.
        """
        if not self._write_to_disk:
            return
        if role.reduces:
            queue_settings = {**self._queue_settings, "on_error": "warn"}  # nobody is there to catch an exception
            settings = (self._max_queue, self._flush_secs, self._filename_suffix)
            options = {"thread": self._thread, "open_now": False, **queue_settings}
            output = FileWriter(role.parent_directory, *settings, **options)
            if void_from is not None:
                _write_starts(output, void_from)
            self._reducer = start_reducer(role, output, void_from)
            weakref.finalize(self, self._reducer.request_end).atexit = False
        elif role.mode is None and not self._shares_run:
            warn_of_ranks(role, self._directory)

    # ---- where the events go

    def get_logdir(self) -> str | os.PathLike[str]:
        """Return the directory of the run, as it was given."""
        return self.logdir

    @property
    def _directory(self) -> str:
        """The directory of the run as text, as the writers in it have it."""
        return os.fspath(self.logdir)

    @property
    def file_writer(self) -> Any:
        """The writer of the run's own directory; None after `close`."""
        return self._file_writer

    @file_writer.setter
    def file_writer(self, file_writer: Any) -> None:
        self._file_writer = file_writer
        self.update_fast_path()

    @property
    def scalar_dict(self) -> dict[str, list[Point]]:
        """The points that `export_scalars_to_json` will write."""
        return self._scalar_history.points

    @scalar_dict.setter
    def scalar_dict(self, points: dict[str, list[Point]]) -> None:
        self._scalar_history = ScalarHistory(points)

    @Shadowable
    def stats(self) -> Stats:
        """Counts of the events of this run and its sub-runs, since the writer was made."""
        return sum((writer.stats for writer in list(self._writer_of_logdir.values())), Stats())

    def _get_file_writer(self) -> Any:
        """Return the writer of the run's own directory; opens a new file after `close`."""
        return self._open(open_now=False) if self.file_writer is None else self.file_writer

    def _open(self, open_now: bool) -> Any:
        writer = self._writer_in(self._directory, open_now)
        reopen = getattr(getattr(writer, "event_writer", None), "reopen", None)
        if reopen is not None:  # a class of a tool may need the call; ours does nothing
            reopen()
        self.file_writer, self.all_writers = writer, {writer.get_logdir(): writer}
        if self._reducer is not None:
            self._reducer.start()
        return writer

    def _writer_in(self, logdir: str, open_now: bool = False) -> Any:
        """Return the one writer of a directory, the same for all threads."""
        writer = self._writer_of_logdir.get(logdir)
        if isinstance(writer, DummyFileWriter) == self._write_to_disk:  # a tool has changed it since
            self._writer_of_logdir.pop(logdir, None)
            writer = None
        return writer or self._writer_of_logdir.setdefault(logdir, self._new_file_writer(logdir, open_now))

    def _new_file_writer(self, logdir: str, open_now: bool) -> AnyFileWriter:
        if not self._write_to_disk:
            return DummyFileWriter(logdir)
        settings = (self._place_of(logdir), self._max_queue, self._flush_secs, self._filename_suffix)
        options = dict(self._queue_settings)
        if self._watchdog is not None:
            run = logdir[len(self._directory) :].replace(os.sep, "/").strip("/") or "."
            options["observe"] = self._watchdog.observer(run)
        return FileWriter(*settings, thread=self._thread, open_now=open_now, **options)

    def _place_of(self, logdir: str) -> str:
        """Return where the event files of a directory go: not below a link that leads out of the run."""
        root, place = self._anchored(self._directory), self._anchored(logdir)
        if logdir == self._directory or not is_local(root):
            return place
        root = local_path(root)
        names = os.path.relpath(local_path(place), root).split(os.sep)
        return place if os.pardir in names else without_leaving(root, *names)

    def _anchored(self, directory: str) -> str:
        """Return a directory relative to the working directory in which the writer was made."""
        moved = is_relative(directory) and _working_directory() != self._anchor
        return os.path.join(self._anchor, local_path(directory)) if moved else directory

    def _sub_writer(self, *names: str) -> tuple[str, Any]:
        """Return the directory that `names` make below the run's own, and its writer."""
        self._get_file_writer()
        logdir = below(self._directory, *names)
        writer = self._writer_in(logdir)
        if self.all_writers is not None:
            self.all_writers[logdir] = writer
        if self._resumed:
            self._mark_resumed(logdir, writer)
        return logdir, writer

    def _mark_purge(self) -> None:
        """Mark what an earlier process logged from `purge_step` on as void.

        TensorBoard's Python loader takes the first START of a run for its beginning and acts on later ones only;
        so two are written, in the first file of this writer and not at each reopening.
        """
        if self.purge_step is not None:
            _write_starts(self._get_file_writer(), self.purge_step)

    def _resume(self, resume_step: Any) -> None:
        """Leave out of the files of this run, and of the sub-runs of `add_scalars`, what has this step or a later one.

        Raises TypeError or ValueError for a step that is none, and for what is no local directory; LogdirError if the
        files cannot be changed.
        """
        from ..surgery.resuming import check_resumable, resume

        step = check_resumable(self._directory, resume_step)
        if self._write_to_disk:
            runs = resume(self._directory, step, is_sub_run)
            self._resumed = {os.path.normpath(os.path.join(self._directory, run)): step for run in runs}

    def _mark_resumed(self, logdir: str, writer: Any) -> None:
        """Tell a TensorBoard that has read what is left out by now; the Python loader drops it, too."""
        step = self._resumed.pop(os.path.normpath(logdir), None)
        if step is not None:
            _write_starts(writer, step)

    # ---- logging values

    def update_fast_path(self) -> None:
        """Let scalars go to the queue directly, unless a layer was replaced or a default step or wall time is set."""
        plain = self._default_metadata.step is None and self._default_metadata.walltime is None
        replaced = type(self)._get_file_writer is not RunWriter._get_file_writer
        self._chart_queues = {}
        self._fast_queue = getattr(self._file_writer, "queue", None) if plain and not replaced else None

    def _add_deferred(
        self, tag: str, encode: Callable[[], Summary | bytes], global_step: Any, walltime: Any, is_scalar: bool = False
    ) -> None:
        """Write what `encode()` returns, at the step and time given or the defaults."""
        step, seconds = self._step_and_walltime(tag, global_step, walltime)
        self._get_file_writer().add_deferred(tag, encode, step, seconds, is_scalar)

    def _step_and_walltime(self, tag: str, global_step: Any, walltime: Any) -> tuple[int | None, float]:
        """Return the step and time of a call. Warns once per tag that points without a step overlap."""
        step, seconds = self._default_metadata.resolve(global_step, walltime)
        if step is None and tag and tag not in _MEANT_WITHOUT_STEP:
            if tag in self._tags_without_step:
                warn_once(tag, "logged again without a step: TensorBoard shows only one point of step 0")
            elif len(self._tags_without_step) < _MOST_TAGS:
                self._tags_without_step.add(tag)
        return step, seconds

    @contextlib.contextmanager
    def use_metadata(self: Self, *, global_step: Any = None, walltime: Any = None) -> Iterator[Self]:
        """Set the step and wall time of the calls in the `with` block that name none. Blocks may be nested.

            with writer.use_metadata(global_step=10):
                writer.add_scalar("loss", 3.0)

        Raises ValueError if neither is given.
        """
        try:
            with self._default_metadata.use(global_step, walltime):
                self.update_fast_path()
                yield self
        finally:
            self.update_fast_path()

    # ---- flush and close

    def flush(self) -> None:
        """Wait until the operating system has every earlier event: another process can read it, and killing this one
        loses none of it. Times out if the store makes no progress; see docs/reliability.md."""
        if len(self._writer_of_logdir) == 1 and self._file_writer is not None:
            self._file_writer.flush()
        else:
            self._each_writer("flush")

    def close(self) -> None:
        """Write everything, sync and close the files. Idempotent; an `add_*` opens new ones."""
        self.file_writer = self.all_writers = None
        if self._reducer is not None:
            with contextlib.suppress(WriteError):  # which closing raises again
                self._each_writer("flush")
            self._reducer.finish()
        try:
            self._each_writer("close")
        finally:
            if self._watchdog is not None:
                self._watchdog.wait()

    def _each_writer(self, method: str) -> None:
        """Call a method of every file writer, with one timeout for all of them; raise the first error."""
        errors = []
        with self._thread.progress.shared_wait():
            for writer in list(self._writer_of_logdir.values()):  # not `all_writers`: another thread may be closing
                try:
                    getattr(writer, method)()
                except WriteError as error:
                    errors.append(error)
        if errors:
            raise errors[0]

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """What another process, or a copy, needs to log to the same run in files of its own."""
        kept = ("logdir", "log_dir", "_anchor", "purge_step", "default_bins", "kwargs")
        settings = ("_max_queue", "_flush_secs", "_filename_suffix", "_write_to_disk", "_comet_config", "_image_format")
        chosen = ("_default_histogram", "_queue_settings", "_is_silent")
        return {name: getattr(self, name) for name in (*kept, *settings, *chosen)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

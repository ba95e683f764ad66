"""GlobalSummaryWriter: one run that many modules and many processes log to, without keeping count of steps."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from .notices import log_safely
from .shared import steps
from .shared.steps import StepCounter
from .shared.writer import SharedSummaryWriter, can_share
from .storage.locks import NO_LOCKS
from .values.steps import NEXT_STEP
from .writer.compiler import keep_from_compiler
from .writer.run import default_logdir
from .writer.summary_writer import SummaryWriter

__all__ = ["GlobalSummaryWriter"]

logger = logging.getLogger(__name__)

Self = TypeVar("Self", bound="GlobalSummaryWriter")

_writer: GlobalSummaryWriter | None = None
_copies: dict[tuple[Any, ...], GlobalSummaryWriter] = {}
"""The writers that other processes sent to this one: one for each run, however often it is sent."""
_making = threading.RLock()


@keep_from_compiler
class GlobalSummaryWriter:
    """Writes from any module and any process to one run. The step of a value is how often its tag was logged before.

        import multiprocessing

        from tensorboardX import GlobalSummaryWriter

        writer = GlobalSummaryWriter("runs/pool")

        def train(x):
            writer.add_scalar("loss", x)

        with multiprocessing.Pool() as pool:
            pool.map(train, range(100))

    All processes append to one event file: each event once and whole, in the order of the steps. A process that is
    killed affects no other one. The file is shared with processes that were forked, that were sent the writer (it
    pickles), and that make one of their own with the same `logdir` while another process has it open. For that, the
    log directory must be on a local file system with flock. Elsewhere, and with `coalesce_process=False`, each process
    has an event file and counters of its own: then the steps of a tag overlap, and TensorBoard drops points.

    There is one counter for each tag under which values are stored, whatever the method: an image after a scalar of
    that tag has step 1, and so has `a_b` after `a b`. TensorBoard keeps one series for each tag and drops points whose
    step repeats. A call that raises does not count.

    The methods are those of SummaryWriter, less `global_step`. In a daemonic child of multiprocessing, such as a
    worker of a Pool, each returns when the event is in the file: such a process is killed without warning, in the
    example as soon as its last task is done.

    Args:
        coalesce_process: whether the processes share an event file.
        logdir, comment, purge_step, max_queue, flush_secs, filename_suffix, write_to_disk, log_dir, kwargs: see
            SummaryWriter.

    Raises OSError if the directory cannot be made or written.

    Attributes:
        smw: the SummaryWriter behind it.
    """

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
        coalesce_process: bool = True,
        **kwargs: Any,
    ) -> None:
        chosen = logdir or log_dir or default_logdir(comment)
        settings = (chosen, comment, purge_step, max_queue, flush_secs, filename_suffix, write_to_disk)
        self.smw = _make_writer(settings, kwargs, coalesce_process and write_to_disk)
        self._counter = StepCounter()

    @staticmethod
    def getSummaryWriter() -> GlobalSummaryWriter:  # noqa: N802 (the original's name)
        """Return the writer of this process, made with the default arguments at the first call."""
        global _writer
        with _making:
            if _writer is None:
                _writer = GlobalSummaryWriter()
            return _writer

    @property
    def file_writer(self) -> Any:
        """The FileWriter of the run."""
        return self.smw._get_file_writer()

    @property
    def lock(self) -> Any:
        """What keeps the other threads of this process from counting the step of a value."""
        return steps._calling

    @property
    def scalar_tag_to_step(self) -> dict[str, int]:
        """The step at which each stored tag was logged last: one count for all methods, under the original's names."""
        counted = self._counter._steps
        if isinstance(self.smw, SharedSummaryWriter):  # the file has the count of all processes
            self.smw.flush()
            counted = {**counted, **self.smw._run._known.steps}
        return {tag: step - 1 for tag, step in counted.items()}

    image_tag_to_step = histogram_tag_to_step = text_tag_to_step = audio_tag_to_step = scalar_tag_to_step

    def get_logdir(self) -> str | os.PathLike[str]:
        """Return the directory of the run, as it was given."""
        return self.smw.get_logdir()

    def _log(self, method: str, tag: Any, **arguments: Any) -> None:
        """Call the method of SummaryWriter, with the next step or with what stands for it until it is written."""
        later = isinstance(self.smw, SharedSummaryWriter) and self.smw.assigns_steps(method)
        with contextlib.nullcontext(NEXT_STEP) if later else self._counter.step(method, tag) as step:
            getattr(self.smw, method)(tag, global_step=step, **arguments)
        if _may_be_killed_next():
            self.smw.flush()

    def add_scalar(self, tag: str, scalar_value: Any, walltime: Any = None) -> None:
        """Log a number. See `SummaryWriter.add_scalar`."""
        self._log("add_scalar", tag, scalar_value=scalar_value, walltime=walltime)

    def add_image(self, tag: str, img_tensor: Any, walltime: Any = None, dataformats: str = "CHW") -> None:
        """Log an image. See `SummaryWriter.add_image`."""
        self._log("add_image", tag, img_tensor=img_tensor, walltime=walltime, dataformats=dataformats)

    def add_images(self, tag: str, img_tensor: Any, walltime: Any = None, dataformats: str = "NCHW") -> None:
        """Log a batch of images. See `SummaryWriter.add_images`."""
        self._log("add_images", tag, img_tensor=img_tensor, walltime=walltime, dataformats=dataformats)

    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        walltime: Any = None,
        dataformats: str = "CHW",
        labels: Sequence[str] | str | None = None,
        rescale: float = 1,
    ) -> None:
        """Log an image with boxes drawn on it. See `SummaryWriter.add_image_with_boxes`."""
        arguments = {"img_tensor": img_tensor, "box_tensor": box_tensor, "walltime": walltime}
        options = {"dataformats": dataformats, "labels": labels, "rescale": rescale}
        self._log("add_image_with_boxes", tag, **arguments, **options)

    def add_figure(self, tag: str, figure: Any, close: bool = True, walltime: Any = None) -> None:
        """Log a matplotlib figure. See `SummaryWriter.add_figure`."""
        self._log("add_figure", tag, figure=figure, close=close, walltime=walltime)

    def add_text(self, tag: str, text_string: str, walltime: Any = None) -> None:
        """Log a text. See `SummaryWriter.add_text`."""
        self._log("add_text", tag, text_string=text_string, walltime=walltime)

    def add_table(self, tag: str, rows: Any, headers: Sequence[Any] | None = None, walltime: Any = None) -> None:
        """Log a table. See `SummaryWriter.add_table`."""
        self._log("add_table", tag, rows=rows, headers=headers, walltime=walltime)

    def add_histogram(
        self, tag: str, values: Any, bins: Any = "tensorflow", walltime: Any = None, max_bins: int | None = None
    ) -> None:
        """Log how values are distributed. See `SummaryWriter.add_histogram`."""
        self._log("add_histogram", tag, values=values, bins=bins, walltime=walltime, max_bins=max_bins)

    def add_audio(self, tag: str, snd_tensor: Any, sample_rate: int = 44100, walltime: Any = None) -> None:
        """Log audio. See `SummaryWriter.add_audio`."""
        self._log("add_audio", tag, snd_tensor=snd_tensor, sample_rate=sample_rate, walltime=walltime)

    def add_video(
        self, tag: str, vid_tensor: Any, fps: float = 4, walltime: Any = None, dataformats: str = "NTCHW"
    ) -> None:
        """Log a video. See `SummaryWriter.add_video`."""
        self._log("add_video", tag, vid_tensor=vid_tensor, fps=fps, walltime=walltime, dataformats=dataformats)

    def add_tensor(self, tag: str, tensor: Any, walltime: Any = None) -> None:
        """Log an array as it is. See `SummaryWriter.add_tensor`."""
        self._log("add_tensor", tag, tensor=tensor, walltime=walltime)

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Any = None,
    ) -> None:
        """Log a precision-recall curve. See `SummaryWriter.add_pr_curve`."""
        options = {"num_thresholds": num_thresholds, "weights": weights, "walltime": walltime}
        self._log("add_pr_curve", tag, labels=labels, predictions=predictions, **options)

    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Mapping[str, Any] | None = None,
        walltime: Any = None,
    ) -> None:
        """Log a batch of meshes or point clouds. See `SummaryWriter.add_mesh`."""
        options = {"config_dict": config_dict, "walltime": walltime}
        self._log("add_mesh", tag, vertices=vertices, colors=colors, faces=faces, **options)

    def log(self, values: Mapping[Any, Any], walltime: Any = None) -> None:
        """Log a nested dict of values, each at the next step of its tag. See `SummaryWriter.log`."""
        from .summary.nested import call_of, items_of

        calls = [(item[0], *call_of(item)) for item in items_of(values)]
        for tag, method, arguments in calls:  # none is logged if one is refused
            if method != "add_scalar":
                self.smw._prepared(tag, method, arguments)
        for tag, method, arguments in calls:
            self._log(method, tag, **arguments, walltime=walltime)

    def flush(self) -> None:
        """Wait until every earlier event of this process is in the file. See `SummaryWriter.flush`."""
        self.smw.flush()

    def close(self) -> None:
        """Write everything of this process; an `add_*` goes on in the same file if it is shared. Idempotent."""
        self.smw.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.smw)


def _may_be_killed_next() -> bool:
    """Return whether this is a daemonic child of multiprocessing: its parent ends it by SIGTERM, busy or not.

    A handler of SIGTERM would not help: one that comes just before the main thread begins to wait for its next task
    is not heard, and the parent waits for ever.
    """
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is None or multiprocessing.parent_process() is None:
        return False
    return bool(multiprocessing.current_process().daemon)


def _make_writer(settings: tuple[Any, ...], options: dict[str, Any], share: bool) -> SummaryWriter:
    if share and can_share(settings[0]):
        try:
            return SharedSummaryWriter(*settings, **options)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
    if share:
        log_safely(
            logger.warning, "%s: processes cannot share an event file there; each writes one of its own", settings[0]
        )
    return SummaryWriter(*settings, **options)


def _restore(cls: type[GlobalSummaryWriter], smw: SummaryWriter) -> GlobalSummaryWriter:
    logdir = os.path.abspath(smw._anchored(smw._directory))  # shared are local directories only
    key = (cls, logdir, smw._filename_suffix, type(smw))
    with _making:
        if key not in _copies:
            copy = _copies[key] = cls.__new__(cls)
            copy.smw = smw
            copy._counter = StepCounter()
        return _copies[key]


def _after_fork_in_child() -> None:
    global _making
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

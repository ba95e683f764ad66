"""SummaryWriter: what a training loop calls. Each `add_*` checks and copies its value, and queues it."""

from __future__ import annotations

from .compiler import keep_from_compiler
from .models import ModelMethods
from .nested import NestedMethods
from .ranks import silence


class SummaryWriter(NestedMethods, ModelMethods):
    """Writes what a training loop measures to event files, which TensorBoard shows.

        from tensorboardX import SummaryWriter

        with SummaryWriter("runs/first") as writer:
            for step in range(100):
                writer.add_scalar("loss", loss, step)

    Every `add_*` returns as soon as its value is checked and copied; encoding and writing happen in a
    background thread. Pending values are in the file within a second, and at once after `flush()`. Values may be
    numbers, lists, NumPy arrays, and tensors of torch, JAX, TensorFlow, Paddle, CuPy, MLX, Chainer and MXNet.

    Common to all of them:

    - `tag`: the name under which TensorBoard shows the value. Slashes make groups.
    - `global_step`: an integer, the x axis. Calls without one all land on step 0.
    - `walltime`: seconds since the epoch; the time of the call by default.
    - TypeError or ValueError is raised for a value that cannot be logged, before anything is written; each is
      NotImplementedError and AssertionError as well, which the original and torch raise. After the constructor, no
      error of the disk is raised, unless `on_error="raise"` asks for it.

    Args:
        logdir: directory of the run; by default `runs/<date>_<time>_<host><comment>`.
        comment: appended to the default directory; ignored if `logdir` is given.
        purge_step: hide what an earlier, crashed process logged in this directory from this step on.
        max_queue: accepted for compatibility. The queue is bounded in bytes, by `max_queue_bytes`.
        flush_secs: seconds between two fsyncs. (What is pending is written within a second anyway.)
        filename_suffix: appended to the names of the event files.
        write_to_disk: False writes nothing anywhere; values are still checked.
        log_dir: another name of `logdir`, the one of torch.utils.tensorboard.
        comet_config: settings for Comet; by default nothing is sent there.
        image_format: of images and figures, "PNG" (the default), "JPEG" or "WebP". The latter two lose details, for a
            fraction of the bytes; JPEG leaves out alpha.
        distributed: which processes of a program write, where it has several (see docs/distributed.md). "rank0": only
            the first. "last_rank": only the last. "per_rank": each, to a run of its own, `<logdir>/rank_<n>`. None:
            each, to `logdir`. A process that does not write looks at no value and raises nothing.
        reduce: globs of tags. With "per_rank", rank 0 follows what all ranks log under these tags, and writes the
            minimum, mean and maximum, and the rank that has the maximum, to the run `logdir`, under `<tag>/min`,
            `<tag>/mean`, `<tag>/max` and `<tag>/max_rank`. It warns of a slow rank.
        resume_step: go on with a run that a preempted job left. What it logged in this directory from this step on, and
            in sub-runs of `add_scalars`, is removed from its files before anything is written. Not for URLs.
        watchdog: a function that is called with a `tensorboardX.doctor.Finding` when a scalar is NaN or infinite,
            leaps, does not fall any more, or has a step or a time that cannot be right: see docs/doctor.md. It is
            called in a thread of its own, which no call of the loop waits for but `close()` (5 seconds at most).
        kwargs: `on_full`: "block" (the default) waits for a store that does not keep up, within bounds, "drop" never
            waits. `on_error`: "warn" (the default) or "raise". `max_queue_bytes`: memory for pending events.
            `merge_scalars`: True lets successive `add_scalar` calls of one step share an Event, which takes half the
            bytes.

    Variables of the environment set what is left at its default: see docs/performance.md.

    Raises OSError if the directory cannot be made or written; with `resume_step`, if a process has a file open that
    would have to change.
    """

    def _start(self) -> None:
        super()._start()
        if self._is_silent:
            silence(self, SummaryWriter)
        elif self._comet_config not in (None, {"disabled": True}):
            from ..comet.listener import attach

            attach(self, self._comet_config)


for _base in SummaryWriter.__mro__[:-1]:
    keep_from_compiler(_base)

"""A log directory, opened for reading."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from ..errors import InvalidValueError, describe
from . import values
from .collector import Collector
from .columns import Columns, concatenated
from .damage import Damage, DamageLog, warn
from .embeddings import CONFIG_NAME, embedding_table, embeddings_of
from .events import Sink
from .filters import NameFilter, Names, Steps, step_filter
from .follow import Follower, follow
from .hparams import HParams, hparams_of
from .index import Counter
from .listing import Runs, list_runs
from .progress import Progress
from .restarts import KEEP, LAST, checked_restarts
from .scalars import Points, TagNumbers
from .scan import RunScan
from .tables import scalar_table, table_of

_Sink = TypeVar("_Sink", bound=Sink)
_Columns = TypeVar("_Columns", bound=Columns)
_BESIDE_SCALARS = frozenset(values.KINDS) - {values.SCALARS}


def open_logdir(path: str | os.PathLike[str], *, verify_skipped: bool = False, progress: bool | None = None) -> Logdir:
    """Open event files for reading.

        from tensorboardX.reader import open_logdir

        with SummaryWriter("runs/first") as writer:
            writer.add_scalar("train/loss", 0.5, 1)
        columns = open_logdir("runs").scalars(tags="train/*")
        assert columns["value"].tolist() == [0.5]

    Args:
        path: a run, a directory of runs, one event file, or the URL of one of these that fsspec knows.
        verify_skipped: whether to check large records too that are not asked for, which reads them.
        progress: whether to show on stderr how far a long read is; None does so where stderr is a terminal.

    Raises LogdirError if there is nothing at `path`; for a URL MissingExtraError if a package is not installed, and
    InvalidValueError if fsspec does not know its kind.
    """
    return Logdir(path, verify_skipped=verify_skipped, progress=progress)


class Logdir:
    """The runs of a log directory; see `open_logdir`.

    Each call reads the files as they are then, and keeps nothing. Every method that reads takes some of these:

    - `runs`: names of runs: strings, globs (`*` matches slashes too), compiled patterns (`re.Pattern.search`), or a
      list of these. A run is named by its directory, relative to the log directory, which itself is `.`.
    - `tags`: the same for tags.
    - `steps`: one step, a slice (`slice(100, 200)` is 100 to 199), a range, several steps, or a function that is called
      with a step and tells whether it is wanted.
    - `restarts`: "keep" returns everything. "last" leaves out what a program that began again has replaced: what is
      followed, under its tag, by the same step or an earlier one; and everything at or beyond the step of a later
      `SessionLog.START`, as `purge_step` writes it.

    All but `index`, `hparams` and `embeddings` return a row for each value, in the order of the files, whose first
    columns are `run`, `tag`, `step` (int64) and `wall_time` (float64, seconds since the epoch). What cannot be read is
    left out, listed in `damage` of the result, and warned of once.

    Raises TypeError or ValueError for a filter that is none of these, LogdirError if the log directory is gone.

    Attributes:
        path: where the runs are.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, verify_skipped: bool = False, progress: bool | None = None
    ) -> None:
        self.path = os.fspath(path)
        self._verify = verify_skipped
        self._progress = progress
        self._warned: set[Damage] = set()
        self.files()

    def files(self, runs: Names = None) -> Runs:
        """Return the event files of each run as they are now, each with its `path` and `size`."""
        is_run = NameFilter("runs", runs)
        return {run: files for run, files in list_runs(self.path).items() if is_run(run)}

    @property
    def runs(self) -> list[str]:
        """The names of the runs as they are now."""
        return list(self.files())

    def tags(self, runs: Names = None) -> dict[str, dict[str, list[str]]]:
        """Return the tags of each run by their kind: `tags()["train"]["scalars"]` is a list. Reads the files."""
        found: dict[str, dict[str, list[str]]] = {run: {} for run in self.files(runs)}
        index = self.index(runs)
        for run, tag, kind in zip(index["run"], index["tag"], index["kind"], strict=True):
            found.setdefault(run, {}).setdefault(kind, []).append(tag)
        return found

    def index(self, runs: Names = None, tags: Names = None) -> Columns:
        """Return what there is: a row for each run, tag and kind.

        The columns are `run`, `tag`, `kind`, `count`, `first_step`, `last_step`, `first_wall_time` and
        `last_wall_time`; first and last are those in the order of the files. No large record is read.
        """
        numbers, damage = TagNumbers(NameFilter("tags", tags)), DamageLog()
        scans = self._scans(runs, tags, _BESIDE_SCALARS, numbers, damage, lambda: Counter(numbers))
        parts = [counter.columns(run) for run, counter in scans]
        return self._result(parts or [Counter(numbers).columns("")], "index", damage)

    def scalars(self, runs: Names = None, tags: Names = None, steps: Steps = None, *, restarts: str = KEEP) -> Columns:
        """Return all scalars: `simple_value`, and tensors of one real number under the plugin `scalars`.

        The column besides the first four is `value` (float64).
        """
        numbers, damage = TagNumbers(NameFilter("tags", tags)), DamageLog()
        collectors = self._scans(runs, tags, (), numbers, damage, _collectors(steps, restarts))
        points: list[tuple[str, list[Points]]] = [(run, found.points()) for run, found in collectors]
        return self._result([scalar_table(points, numbers)], values.SCALARS, damage)

    def tensors(self, runs: Names = None, tags: Names = None, steps: Steps = None, *, restarts: str = KEEP) -> Columns:
        """Return the tensors that none of the other methods returns, those of `add_tensor` for one.

        The columns besides the first four are `plugin` (str) and `value`: arrays of the stored shape and dtype,
        bfloat16 as float32, and strings as `bytes` in arrays of objects.
        """
        return self._table(values.TENSORS, runs, tags, steps, restarts)

    def histograms(
        self, runs: Names = None, tags: Names = None, steps: Steps = None, *, restarts: str = KEEP
    ) -> Columns:
        """Return histograms.

        The columns besides the first four are `min`, `max`, `num`, `sum`, `sum_squares` (float64; the last two are NaN
        where the file does not have them), and `left`, `right` and `count`: float64 arrays of shape (K,), the limits of
        the buckets and what is in each.
        """
        return self._table(values.HISTOGRAMS, runs, tags, steps, restarts)

    def images(self, runs: Names = None, tags: Names = None, steps: Steps = None, *, restarts: str = KEEP) -> Columns:
        """Return pictures as they lie in the file: PNG, JPEG, GIF or WebP; `decode_image` decodes one.

        The columns besides the first four are `index` (among the pictures of one value), `height` and `width` (int64)
        and `data` (bytes).
        """
        return self._table(values.IMAGES, runs, tags, steps, restarts)

    def audio(self, runs: Names = None, tags: Names = None, steps: Steps = None, *, restarts: str = KEEP) -> Columns:
        """Return sounds as they lie in the file; `decode_audio` decodes one that is WAV.

        The columns besides the first four are `index` (among the sounds of one value), `sample_rate` (float64),
        `channels` and `frames` (int64), `content_type` (str) and `data` (bytes). What the file does not tell is NaN, 0
        or empty.
        """
        return self._table(values.AUDIO, runs, tags, steps, restarts)

    def texts(self, runs: Names = None, tags: Names = None, steps: Steps = None, *, restarts: str = KEEP) -> Columns:
        """Return texts. `add_text` appends `/text_summary` to their tags.

        The column besides the first four is `text`: a str, or an array of them where one value has several.
        """
        return self._table(values.TEXTS, runs, tags, steps, restarts)

    def pr_curves(
        self, runs: Names = None, tags: Names = None, steps: Steps = None, *, restarts: str = KEEP
    ) -> Columns:
        """Return precision-recall curves.

        The columns besides the first four are `tp`, `fp`, `tn`, `fn`, `precision` and `recall`: float64 arrays of shape
        (T,), a number for each threshold from 0 to 1.
        """
        return self._table(values.PR_CURVES, runs, tags, steps, restarts)

    def meshes(self, runs: Names = None, tags: Names = None, steps: Steps = None, *, restarts: str = KEEP) -> Columns:
        """Return meshes under the tags that were given to `add_mesh`.

        The columns besides the first four are `vertices`, `faces` and `colors`: arrays of shape (B, N, 3) or None, and
        `config` (JSON). Faces are int32 and colours uint8, unless a number in the file is not one of these.
        """
        return self._table(values.MESHES, runs, tags, steps, restarts)

    def graph(self, runs: Names = None, tags: Names = None, steps: Steps = None, *, restarts: str = KEEP) -> Columns:
        """Return graphs, and the statistics of their execution, as serialized messages. Most graphs have the tag "".

        The columns besides the first four are `format` ("graph_def", "meta_graph_def", "run_metadata" or
        "keras_model") and `data` (bytes). `tensorboardX.proto.graph_pb2.GraphDef.FromString` reads a "graph_def".
        """
        return self._table(values.GRAPH, runs, tags, steps, restarts)

    def hparams(self, runs: Names = None) -> HParams:
        """Return hyperparameters, a row for each of a run; `wide()` of the result is a row for each run.

        The columns are `run`, `name` (str) and `value` (bool, float or str).
        """
        damage = DamageLog()
        collectors = self._scans(runs, None, {values.HPARAMS}, None, damage, Collector)
        parts = [hparams_of(run, found.entries(), damage) for run, found in collectors]
        return self._result(parts or [hparams_of("", [], damage)], values.HPARAMS, damage)

    def embeddings(self, runs: Names = None, tags: Names = None) -> Columns:
        """Return the embeddings that lie beside the event files.

        The columns are `run`, `tag` (with `:` and the step), `points` (float32 arrays of shape (N, D)), `labels`
        (None, or arrays of str, shape (N,), or (N, columns) where there is a header), `header` (None or a list of str),
        `sprite` (None, or a picture as bytes) and `sprite_size` (None, or width and height of one point's picture).
        """
        is_run, is_tag, damage = NameFilter("runs", runs), NameFilter("tags", tags), DamageLog()
        listed = list_runs(self.path, lambda name: name == CONFIG_NAME)
        parts = [
            embeddings_of(run, config, is_tag, damage)
            for run, files in listed.items()
            if is_run(run)
            for config in files
        ]
        return self._result(parts or [embedding_table("", [])], "embeddings", damage)

    def follow(
        self,
        kinds: str | Collection[str] = values.SCALARS,
        runs: Names = None,
        tags: Names = None,
        steps: Steps = None,
        *,
        interval: float = 1.0,
        timeout: float | None = None,
        stop: threading.Event | None = None,
        from_end: bool = False,
    ) -> Iterator[Columns]:
        """Yield what is there and then what is new, as it comes: columns of one kind at a time, which `kind` names.

        Args:
            kinds: "scalars", "images" and so on, or several.
            runs, tags, steps: see above.
            interval: seconds between two looks when there is nothing new.
            timeout: seconds without anything new after which it ends; None goes on.
            stop: ends it when set.
            from_end: whether to leave out what is there already.

        Files and runs that appear later are followed, too. See `Follower` for files that end within a record.
        """
        if not interval > 0:
            raise InvalidValueError(f"interval: got {describe(interval)}; accepted is a positive number of seconds")
        follower = Follower(self.path, kinds, runs, tags, steps)
        if from_end:
            follower.poll()
        return follow(follower, interval, timeout, stop)

    # ---- how it is done

    def _table(self, kind: str, runs: Names, tags: Names, steps: Steps, restarts: str) -> Columns:
        damage = DamageLog()
        collectors = self._scans(runs, tags, {kind}, None, damage, _collectors(steps, restarts))
        parts = [table_of(kind, run, found.entries(), damage) for run, found in collectors]
        return self._result(parts or [table_of(kind, "", [], damage)], kind, damage)

    def _scans(
        self,
        runs: Names,
        tags: Names,
        kinds: Collection[str],
        numbers: TagNumbers | None,
        damage: DamageLog,
        new_sink: Callable[[], _Sink],
    ) -> Iterator[tuple[str, _Sink]]:
        """Read one run after the other; yield its name and the sink that took what was found."""
        files, is_tag = self.files(runs), NameFilter("tags", tags)
        total = sum(file.size for of_run in files.values() for file in of_run)
        progress = Progress(f"reading {self.path}", total, self._progress)
        try:
            for run, of_run in files.items():
                sink = new_sink()
                scan = RunScan(sink, kinds, is_tag, numbers, damage, self._verify, progress.advance)
                for number, file in enumerate(of_run):
                    scan.read(file, number)
                yield run, sink
        finally:
            progress.close()

    def _result(self, parts: list[_Columns], kind: str, damage: DamageLog) -> _Columns:
        warn(damage.found(), self._warned)
        return concatenated(parts, kind, damage.found())


def _collectors(steps: Steps, restarts: str) -> Callable[[], Collector]:
    is_step, only_last = step_filter(steps), checked_restarts(restarts) == LAST
    return lambda: Collector(is_step, only_last)

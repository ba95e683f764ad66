"""SummaryWriter: what a training loop calls. Each `add_*` checks and copies its value, and hands it on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from time import time
from typing import Any

from .arrays import to_float
from .errors import type_error
from .event_file_writer import EventFileWriter
from .figures import figure_to_image
from .file_writer import PLAIN_ADD_EVENT, DummyFileWriter, FileWriter
from .proto import event_pb2, summary_pb2
from .proto.event_pb2 import Event, SessionLog
from .run_writer import RunWriter
from .summary.histogram import histogram, histogram_raw, prepare_histogram
from .summary.image import image, image_boxes, prepare_image, prepare_image_boxes
from .summary.scalar import scalar
from .summary.tags import check_tag, clean_tag
from .summary.text import prepare_text, text

__all__ = [
    "DummyFileWriter",
    "Event",
    "EventFileWriter",
    "FileWriter",
    "SessionLog",
    "SummaryWriter",
    "event_pb2",
    "figure_to_image",
    "histogram",
    "histogram_raw",
    "image",
    "image_boxes",
    "scalar",
    "summary_pb2",
    "text",
]

_LARGEST_STEP = 2**63 - 1


class SummaryWriter(RunWriter):
    """Writes what a training loop measures to event files, which TensorBoard shows.

        from tensorboardX import SummaryWriter

        with SummaryWriter("runs/first") as writer:
            for step in range(100):
                writer.add_scalar("loss", loss, step)

    Every `add_*` returns as soon as its value is checked and copied; encoding and writing happen in a thread
    behind it. What is pending is in the file within a second, after `flush()` at once. Values may be numbers, lists,
    NumPy arrays, and tensors of torch, JAX, TensorFlow, Paddle, CuPy and MLX.

    Common to all of them:

    - `tag`: the name under which TensorBoard shows the value. Slashes make groups.
    - `global_step`: an integer, the x axis. Calls without one all land on step 0.
    - `walltime`: seconds since the epoch; the time of the call by default.
    - TypeError or ValueError is raised for a value that cannot be logged, before anything is written. After the
      constructor, no fault of the disk is raised, unless `on_error="raise"` asks for it.

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
        kwargs: `on_full`: "block" (the default) waits for a store that does not keep up, within bounds, "drop" never
            waits. `on_error`: "warn" (the default) or "raise". `max_queue_bytes`: memory for pending events.

    Raises OSError if the directory cannot be made or written.
    """

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        display_name: str = "",
        summary_description: str = "",
    ) -> None:
        """Log a number, as float32.

        Args:
            scalar_value: a number, or an array or tensor of one element. NaN and infinity are kept.
            display_name: what TensorBoard shows instead of the tag.
            summary_description: Markdown shown beside the chart.
        """
        lane = self._lane
        if (
            lane is not None
            and type(scalar_value) is float
            and type(global_step) is int
            and type(tag) is str
            and walltime is None
            and not (display_name or summary_description)
            and -_LARGEST_STEP <= global_step <= _LARGEST_STEP
            and FileWriter.add_event is PLAIN_ADD_EVENT
        ):
            entry = (tag, scalar_value, global_step, time())
            entries = lane.entries
            entries.append(entry)
            if len(entries) > lane.limit:  # read after the append: see EventQueue
                lane.settle(entry)
            return
        tag = clean_tag(tag)
        value = to_float(scalar_value, tag)
        if display_name or summary_description:
            self._add(partial(scalar, tag, value, display_name, summary_description), global_step, walltime)
        else:
            self._get_file_writer().add_scalar(tag, value, *self._default_metadata.resolve(global_step, walltime))

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: Any = None, walltime: Any = None
    ) -> None:
        """Log several numbers that one chart shows together.

        Each goes into a sub-run of its own, the directory `<logdir>/<main_tag>/<key>`, under the tag `main_tag`.
        The last 100,000 points are also kept for `export_scalars_to_json`.

        Args:
            main_tag: the tag of the chart.
            tag_scalar_dict: a number for each sub-run.
        """
        main_tag = check_tag(main_tag)
        if not isinstance(tag_scalar_dict, Mapping):
            raise type_error(main_tag, tag_scalar_dict, "a dict of numbers")
        values = {check_tag(key): to_float(value, f"{main_tag}/{key}") for key, value in tag_scalar_dict.items()}
        step, seconds = self._default_metadata.resolve(global_step, walltime)
        for key, value in values.items():
            logdir, writer = self._sub_writer(main_tag, key)
            writer.add_scalar(main_tag, value, step, seconds)
            self._history.add(logdir, seconds, step, value)

    def export_scalars_to_json(self, path: str | os.PathLike[str]) -> None:
        """Write the points of `add_scalars` as JSON, `{sub-run: [[wall time, step, value], ...]}`, and forget them.

        At most 100,000 points are kept; beyond that the oldest of each series are forgotten first. Raises OSError.
        """
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self._history.points, file)
        self._history = type(self._history)()

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: Any = None,
        max_bins: int | None = None,
    ) -> None:
        """Log how values are distributed.

        Args:
            values: real numbers, any shape. NaN and infinity are left out, with one warning per tag.
            bins: "tensorflow" for bins that grow by 10 %, an estimator or a number of bins as `numpy.histogram`
                takes them, or a sequence of edges.
            max_bins: neighbouring bins are joined until there are at most about this many.
        """
        if isinstance(bins, str) and bins == "tensorflow":
            bins = self.default_bins
        self._add(prepare_histogram(tag, values, bins, max_bins), global_step, walltime)

    def add_histogram_raw(
        self,
        tag: str,
        min: Any,
        max: Any,
        num: Any,
        sum: Any,
        sum_squares: Any,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """Log a histogram that was counted elsewhere. The tag is kept as it is.

        Args:
            min, max, num, sum, sum_squares: of all values.
            bucket_limits: the upper limit of each bucket, shape (K,): for the edges of `numpy.histogram`, all but
                the first.
            bucket_counts: the number of values in each bucket, shape (K,).
        """
        summary = histogram_raw(tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts)
        self._add(partial(_itself, summary), global_step, walltime)

    def add_image(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: Any = None, dataformats: str = "CHW"
    ) -> None:
        """Log an image, as PNG.

        Args:
            img_tensor: shape as `dataformats` says, 1, 3 or 4 channels. uint8 in [0, 255], or any other dtype in
                [0, 1]; what is out of range is clamped, with one warning per tag.
            dataformats: what the axes are: a permutation of HW, CHW or NCHW.
        """
        self._add(prepare_image(tag, img_tensor, dataformats=dataformats), global_step, walltime)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: Any = None, dataformats: str = "NCHW"
    ) -> None:
        """Log a batch of images, as one grid eight images wide.

        Args:
            img_tensor: as for `add_image`, with an axis N; or a list of images of one shape.
            dataformats: a permutation of NCHW; for a list, of CHW.
        """
        if isinstance(img_tensor, (list, tuple)) and isinstance(dataformats, str) and "N" not in dataformats.upper():
            dataformats = f"N{dataformats}"
        self._add(prepare_image(tag, img_tensor, dataformats=dataformats), global_step, walltime)

    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        dataformats: str = "CHW",
        labels: Sequence[str] | str | None = None,
        rescale: float = 1,
    ) -> None:
        """Log an image with red boxes drawn on it. The tag is kept as it is.

        Args:
            img_tensor: as for `add_image`.
            box_tensor: shape (N, 4), each row (xmin, ymin, xmax, ymax) in pixels.
            dataformats: as for `add_image`.
            labels: a text for each box.
            rescale: factor on both sides of the stored image.
        """
        encode = prepare_image_boxes(tag, img_tensor, box_tensor, rescale, dataformats, labels)
        self._add(encode, global_step, walltime)

    def add_figure(
        self, tag: str, figure: Any, global_step: Any = None, close: bool = True, walltime: Any = None
    ) -> None:
        """Log a matplotlib figure as an image. Needs the package matplotlib.

        Args:
            figure: a figure, or a list of figures of one size, which become a grid.
            close: whether to close them afterwards, which frees their memory.
        """
        check_tag(tag)
        dataformats = "NCHW" if isinstance(figure, (list, tuple)) else "CHW"
        self.add_image(tag, figure_to_image(figure, close), global_step, walltime, dataformats)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: Any = None) -> None:
        """Log a text, which TensorBoard renders as Markdown. The tag is kept as it is."""
        self._add(prepare_text(tag, text_string), global_step, walltime)


def _itself(summary: summary_pb2.Summary) -> summary_pb2.Summary:
    return summary

"""The methods of SummaryWriter that log images, videos, audio, texts and meshes.

Those that few programs call import their encoders themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..notices import warn_once
from ..summary.image import prepare_image, prepare_image_boxes
from ..summary.layout import batch_dataformats
from ..summary.tags import check_tag
from ..summary.text import SHORT_TEXT, encode_text, prepare_text
from ..summary.wire import event
from ..values.figures import render
from .run import RunWriter


class MediaMethods(RunWriter):
    """See `SummaryWriter`."""

    def add_image(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: Any = None, dataformats: str = "CHW"
    ) -> None:
        """Log an image, as PNG unless the writer was made with another `image_format`.

        Args:
            img_tensor: shape as `dataformats` says, 1 to 4 channels: grey or RGB, and opacity or not. uint8 in
                [0, 255], or any other dtype in [0, 1]; what is out of range is clamped, with one warning per tag.
                Other integers are taken for pixels in [0, 255] unless all are 0 or 1, with a warning too.
            dataformats: what the axes are: a permutation of HW, CHW or NCHW.
        """
        encode = prepare_image(tag, img_tensor, dataformats=dataformats, image_format=self._image_format)
        self._add_deferred(tag, encode, global_step, walltime)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: Any = None, dataformats: str = "NCHW"
    ) -> None:
        """Log a batch of images, as one grid eight images wide.

        Args:
            img_tensor: as for `add_image`, with an axis N; or a list of images of one shape. An empty list writes
                nothing.
            dataformats: a permutation of NCHW; for a list, of CHW.
        """
        if isinstance(img_tensor, (list, tuple)) and not img_tensor:
            warn_once(check_tag(tag), "an empty list of images is left out")
            return
        dataformats = batch_dataformats(img_tensor, dataformats)
        encode = prepare_image(tag, img_tensor, dataformats=dataformats, image_format=self._image_format)
        self._add_deferred(tag, encode, global_step, walltime)

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
        """Log an image with red boxes drawn on it. The tag is kept, but for quotes, backslashes and control characters.

        Args:
            img_tensor: as for `add_image`.
            box_tensor: shape (N, 4), each row (xmin, ymin, xmax, ymax) in pixels.
            dataformats: as for `add_image`.
            labels: a text for each box.
            rescale: factor on both sides of the stored image.
        """
        drawn = (rescale, dataformats, labels, self._image_format)
        encode = prepare_image_boxes(tag, img_tensor, box_tensor, *drawn)
        self._add_deferred(tag, encode, global_step, walltime)

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
        self.add_image(tag, render(tag, figure, close), global_step, walltime, dataformats)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: Any = None) -> None:
        """Log a text, which TensorBoard renders as Markdown. The tag is kept as it is."""
        queue = self._fast_queue
        if queue is not None and isinstance(text_string, str) and len(text_string) <= SHORT_TEXT:
            summary = encode_text(tag, text_string)
            queue.put(event(summary, *self._step_and_walltime(tag, global_step, walltime)))
        else:
            self._add_deferred(tag, prepare_text(tag, text_string), global_step, walltime)

    def add_table(
        self, tag: str, rows: Any, global_step: Any = None, headers: Sequence[Any] | None = None, walltime: Any = None
    ) -> None:
        """Log a table, which the text dashboard shows. The tag is kept as it is.

            writer.add_table("evaluation", [{"task": "sums", "score": 0.9}, {"task": "rhymes", "score": 0.4}], step)

        Each cell is shown as the text it holds, whatever Markdown or HTML is in it. None is an empty cell.

        Args:
            rows: a list of dicts, a list of sequences (with `headers`), a dict of columns of one length, or a
                DataFrame of pandas or polars or a Table of pyarrow. The index of a pandas DataFrame becomes the first
                column unless it only numbers the rows.
            headers: the names of the columns. For dicts and DataFrames: which columns, and in which order; by default
                all of them. A key that a dict lacks is an empty cell.
        """
        from ..summary.table import prepare_table

        self._add_deferred(tag, prepare_table(tag, rows, headers), global_step, walltime)

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: Any = None,
        fps: float = 4,
        walltime: Any = None,
        dataformats: str = "NTCHW",
    ) -> None:
        """Log a video, or a batch of videos as a grid, as an animated GIF that the images dashboard plays.

        Args:
            vid_tensor: shape as `dataformats` says, 1 to 4 channels: grey or RGB; opacity, the second or fourth, is
                left out. uint8 in [0, 255], or another dtype in [0, 1].
            fps: frames per second.
            dataformats: what the axes are: a permutation of NTCHW.
        """
        from ..summary.gif import prepare_video

        self._add_deferred(tag, prepare_video(tag, vid_tensor, fps, dataformats), global_step, walltime)

    def add_audio(
        self, tag: str, snd_tensor: Any, global_step: Any = None, sample_rate: int = 44100, walltime: Any = None
    ) -> None:
        """Log audio, as 16-bit WAV. The tag is kept, but for quotes, backslashes and control characters.

        Args:
            snd_tensor: shape (L,) or (L, C), L samples of C channels, 1 or 2; (1, L) is one channel too. Floats in
                [-1, 1]: what is out of range is clipped, with one warning per tag. int16 and int32 are taken as they
                are, int32 by its upper 16 bits.
            sample_rate: samples per second.
        """
        from ..summary.wav import prepare_audio

        self._add_deferred(tag, prepare_audio(tag, snd_tensor, sample_rate), global_step, walltime)

    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Mapping[str, Any] | None = None,
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """Log a batch of meshes or point clouds. The tag is kept as it is.

        Args:
            vertices: shape (B, N, 3).
            colors: of each vertex, in [0, 255], shape (B, N, 3).
            faces: the vertices of each triangle, shape (B, M, 3).
            config_dict: classes of Three.js and their settings: camera, lights, material.
        """
        from ..summary.meshes import prepare_mesh

        self._add_deferred(tag, prepare_mesh(tag, vertices, colors, faces, config_dict), global_step, walltime)

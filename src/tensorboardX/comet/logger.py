"""What may be sent to a Comet experiment, under the names of the original."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..summary.image import to_uint8
from ..summary.tags import clean_tag
from ..summary.wav import audio
from ..values.arrays import Array, to_numpy
from .experiment import CometExperiment

if TYPE_CHECKING:
    from ..proto.summary_pb2 import Summary

_PR_ROWS = ("TP", "FP", "TN", "FN", "precision", "recall")


class CometLogger:
    """One Comet experiment, started by the first value and again by the first one after `end`.

    Each `log_*` does nothing where the config disables it, and, after one warning, where the experiment could not be
    started and in a process forked while it was running. Other failures are raised as comet_ml raises them.

    Args:
        comet_config: as for `attach`.

    Raises MissingExtraError without the package comet-ml, unless the config disables sending.
    """

    def __init__(self, comet_config: Mapping[str, Any] | None = None) -> None:
        self._experiment = CometExperiment(comet_config)

    def end(self) -> None:
        """Wait until everything is sent, and end the experiment. Does nothing where none was started."""
        self._experiment.end()

    # ---- numbers

    def log_metric(
        self,
        tag: str,
        display_name: str,
        value: Any,
        step: int | None = None,
        epoch: int | None = None,
        include_context: bool = True,
    ) -> None:
        """Log a number under `display_name`, or under the cleaned tag if that is empty."""
        if experiment := self._experiment.current():
            name = display_name or clean_tag(tag)
            experiment.log_metric(name, value, step=step, epoch=epoch, include_context=include_context)

    def log_metrics(
        self, dic: Mapping[str, Any], prefix: str | None = None, step: int | None = None, epoch: int | None = None
    ) -> None:
        """Log a number for each key, under the names `<prefix>_<key>`."""
        if experiment := self._experiment.current():
            experiment.log_metrics(dict(dic), prefix=prefix, step=step, epoch=epoch)

    def log_parameters(self, parameters: Mapping[str, Any], prefix: str | None = None, step: int | None = None) -> None:
        """Log hyperparameters."""
        if experiment := self._experiment.current():
            experiment.log_parameters(dict(parameters), prefix=prefix, step=step)

    def log_histogram(
        self,
        values: Any,
        name: str | None = None,
        step: int | None = None,
        epoch: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Log how values are distributed; NaN and infinity are left out. Comet wants a step: without one it is 0."""
        if experiment := self._experiment.current():
            array = to_numpy(values, name or "").astype(np.float64)
            step = 0 if step is None else step
            experiment.log_histogram_3d(
                array[np.isfinite(array)], name=name, step=step, epoch=epoch, metadata=metadata, **kwargs
            )

    def log_histogram_raw(self, tag: str, summary: Summary, step: int | None = None) -> None:
        """Log the HistogramProto in `summary` as a JSON asset: its fields, in camel case, and `name`."""
        histo = summary.value[0].histo
        fields = {
            "min": histo.min,
            "max": histo.max,
            "num": histo.num,
            "sum": histo.sum,
            "sumSquares": histo.sum_squares,
        }
        buckets = {"bucketLimit": list(histo.bucket_limit), "bucket": list(histo.bucket)}
        self.log_asset_data({**fields, **buckets, "name": tag}, name=tag, step=step)

    def log_curve(self, name: str, x: Any, y: Any, overwrite: bool = False, step: int | None = None) -> None:
        """Log a curve through the points (x, y), two sequences of one length."""
        if experiment := self._experiment.current():
            experiment.log_curve(name, _plain(x), _plain(y), overwrite=overwrite, step=step)

    def log_pr_data(self, tag: str, summary: Summary, num_thresholds: int, step: int | None = None) -> None:
        """Log the precision-recall curve in `summary` as a JSON asset."""
        tensor = summary.value[0].tensor
        values = np.frombuffer(tensor.tensor_content, "<f4") if tensor.tensor_content else np.array(tensor.float_val)
        self._log_pr(tag, values.reshape(len(_PR_ROWS), -1), {}, step)

    def log_pr_raw_data(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        num_thresholds: int,
        weights: Any,
        step: int | None = None,
    ) -> None:
        """Log a precision-recall curve computed elsewhere as a JSON asset; six rows of shape (T,)."""
        counts = (true_positive_counts, false_positive_counts, true_negative_counts, false_negative_counts)
        self._log_pr(tag, (*counts, precision, recall), {"weights": _plain(weights)}, step)

    def _log_pr(self, tag: str, rows: Sequence[Any] | Array, more: Mapping[str, Any], step: int | None) -> None:
        curve = {name: _plain(row) for name, row in zip(_PR_ROWS, rows, strict=True)}
        thresholds = np.linspace(0, 1, len(curve["TP"])).tolist()
        self.log_asset_data({**curve, "thresholds": thresholds, **more, "name": tag}, name=tag, step=step)

    # ---- media

    def log_image_encoded(self, encoded_image_string: bytes, tag: str, step: int | None = None) -> None:
        """Log the bytes of an image file under the cleaned tag."""
        if experiment := self._experiment.current():
            experiment.log_image(Image.open(io.BytesIO(encoded_image_string)), name=clean_tag(tag), step=step)

    def log_audio(
        self,
        audio_data: Any,
        sample_rate: int | None = None,
        file_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        copy_to_tmp: bool = True,
        step: int | None = None,
    ) -> None:
        """Log audio: the path of a file, or samples in [-1, 1] of shape (L,) or (L, C), which become a WAV file.

        `copy_to_tmp` is not used.
        """
        if experiment := self._experiment.current():
            path = audio_data
            if not isinstance(path, (str, os.PathLike)):
                path = self._wav_file(file_name or "", audio_data, 44100 if sample_rate is None else sample_rate)
                metadata = {"sample_rate": sample_rate, **(metadata or {})}
            experiment.log_audio(
                os.fspath(path), file_name=file_name, metadata=metadata, overwrite=overwrite, step=step
            )

    def _wav_file(self, tag: str, samples: Any, sample_rate: int) -> str:
        """Write a file that lasts until the end of the experiment, as it is sent in the background."""
        content = audio(tag, samples, sample_rate).value[0].audio.encoded_audio_string
        with tempfile.NamedTemporaryFile(dir=self._experiment.directory(), suffix=".wav", delete=False) as file:
            file.write(content)
        return file.name

    def log_text(self, text: str, step: int | None = None, metadata: Mapping[str, Any] | None = None) -> None:
        """Log a text."""
        if experiment := self._experiment.current():
            experiment.log_text(text, step=step, metadata=metadata)

    def log_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any,
        faces: Any,
        config_dict: Mapping[str, Any] | None,
        step: int | None,
        walltime: float | None,
    ) -> None:
        """Log a batch of meshes as a JSON asset; colors and faces may be None."""
        mesh = {
            "tag": tag,
            "vertices": _plain(vertices),
            "colors": _plain(colors),
            "faces": _plain(faces),
            "config_dict": config_dict,
            "walltime": walltime,
            "asset_type": "mesh",
        }
        self.log_asset_data(json.dumps(mesh), name=tag, step=step)

    # ---- files and data

    def log_asset(
        self,
        file_data: Any,
        file_name: str | None = None,
        overwrite: bool = False,
        copy_to_tmp: bool = True,
        step: int | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Log a file, given by its path or open for reading."""
        if experiment := self._experiment.current():
            experiment.log_asset(
                file_data,
                file_name=file_name,
                overwrite=overwrite,
                copy_to_tmp=copy_to_tmp,
                step=step,
                metadata=metadata,
            )

    def log_asset_data(
        self,
        data: Any,
        name: str | None = None,
        overwrite: bool = False,
        step: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        epoch: int | None = None,
    ) -> None:
        """Log a string, bytes, or what JSON can hold, as a file."""
        if experiment := self._experiment.current():
            experiment.log_asset_data(data, name=name, overwrite=overwrite, step=step, metadata=metadata, epoch=epoch)

    def log_raw_figure(self, tag: str, asset_type: str, step: int | None = None, **kwargs: Any) -> None:
        """Log the further arguments, which JSON must be able to hold, as a file."""
        self.log_asset_data({**kwargs, "asset_type": asset_type}, name=tag, step=step)

    def log_embedding(
        self,
        vectors: Any,
        labels: Any,
        image_data: Any = None,
        image_preprocess_function: Callable[..., Any] | None = None,
        image_transparent_color: tuple[int, int, int] | None = None,
        image_background_color_function: Callable[..., Any] | None = None,
        title: str = "Comet Embedding",
        template_filename: str | None = None,
        group: str | None = None,
    ) -> None:
        """Log points for Comet's projector; does nothing without labels, which Comet wants.

        Args:
            vectors: the points, shape (N, D).
            labels: N labels, or N + 1 rows of cells of which the first is the header.
            image_data: N images, shape (N, C, H, W).
        """
        experiment = None if labels is None else self._experiment.current()
        if experiment is None:
            return
        images = None if image_data is None else _pil_images(image_data)
        experiment.log_embedding(
            _plain(vectors),
            _labels(labels),
            images,
            None if images is None else images[0].size,
            image_preprocess_function,
            image_transparent_color,
            image_background_color_function,
            title,
            template_filename,
            group,
        )


def _plain(values: Any) -> Any:
    """Return an array as lists of Python numbers."""
    return None if values is None else to_numpy(values).tolist()


def _labels(labels: Any) -> list[Any]:
    items = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    return [[str(cell) for cell in item] if isinstance(item, (list, tuple)) else str(item) for item in items]


def _pil_images(images: Any) -> list[Image.Image]:
    pixels = np.moveaxis(to_uint8("label_img", to_numpy(images, "label_img")), 1, 3)
    return [Image.fromarray(np.ascontiguousarray(item[:, :, 0] if item.shape[2] == 1 else item)) for item in pixels]

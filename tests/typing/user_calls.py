# pyright: strict
"""Calls as users write them, for mypy and pyright: neither may find anything. Nothing here is run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import tensorboardX
from tensorboardX import FileWriter, GlobalSummaryWriter, RecordWriter, SummaryWriter, TensorBoardXError
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.reader import Records, decode_image, open_logdir
from tensorboardX.record_writer import register_writer_factory
from tensorboardX.testing import FaultyStore, read_events

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pixels = npt.NDArray[np.uint8]


def log_numbers(writer: SummaryWriter, values: npt.NDArray[np.float32], loss: np.float32) -> None:
    writer.add_scalar("loss", 0.5, 1)
    writer.add_scalar("loss", loss, global_step=np.int64(2), walltime=1e9, display_name="Loss")
    writer.add_scalars("losses", {"train": 0.5, "validation": loss}, 1)
    writer.add_scalars_at_step({"a": 1, "b": 2.0}, 3)
    writer.add_scalar_series("series", values, steps=range(10))
    writer.add_histogram("weights", values, 1, bins="auto")
    writer.add_histogram("weights", [1, 2, 3], 1, bins=[0.0, 1.0, 2.0])
    writer.add_histogram_raw("raw", 0, 4, 6, 11, 27, [1, 2, 3, 4], [1, 2, 2, 1])
    writer.add_pr_curve("pr", np.array([0, 1]), np.array([0.1, 0.9]), 1, weights=2.0)
    writer.add_hparams({"lr": 0.1, "name": "sgd", "nesterov": True}, {"accuracy": 0.9}, name=".")
    writer.add_custom_scalars({"training": {"loss": ["Multiline", ["loss/.*"]]}})
    writer.add_custom_scalars_multilinechart(["a", "b"], title="both")
    writer.add_custom_scalars_marginchart(["mean", "lower", "upper"])
    writer.add_tensor("state", values, 1)
    writer.log({"train": {"loss": 0.5, "note": "text"}}, 1)


def log_media(writer: SummaryWriter, pixels: Pixels, figure: Figure, paths: Sequence[Path]) -> None:
    writer.add_image("image", pixels, 1, dataformats="HWC")
    writer.add_images("grid", [pixels, pixels], 1, dataformats="HWC")
    writer.add_image_with_boxes("boxes", pixels, np.zeros((1, 4)), 1, labels=["cat"])
    writer.add_figure("figure", figure, 1)
    writer.add_figure("figures", [figure, figure], 1, close=False)
    writer.add_video("video", pixels, 1, fps=12)
    writer.add_audio("audio", np.zeros(100), 1, sample_rate=16_000)
    writer.add_text("text", "**bold**", 1)
    writer.add_table("table", [{"task": "sums", "score": 0.9}], 1)
    writer.add_mesh("mesh", np.zeros((1, 3, 3)), faces=np.zeros((1, 1, 3), np.int32))
    writer.add_embedding(np.zeros((2, 3)), metadata=["a", "b"], global_step=1, tag="points")
    writer.add_onnx_graph(paths[0])
    writer.add_openvino_graph(str(paths[1]))


def make_writers(logdir: Path) -> list[str]:
    with SummaryWriter(logdir, flush_secs=10, filename_suffix=".a", purge_step=3) as writer:
        with writer.use_metadata(global_step=10) as same:
            same.add_scalar("loss", 0.5)
        writer.flush()
        written: int = writer.stats.written + writer.stats.dropped
    SummaryWriter(log_dir=str(logdir), comment="x", write_to_disk=False).close()
    SummaryWriter(str(logdir), on_full="drop", on_error="raise", image_format="JPEG", max_queue_bytes=1 << 20).close()
    shared: GlobalSummaryWriter = GlobalSummaryWriter.getSummaryWriter()
    shared.add_scalar("loss", 0.5)
    return [tensorboardX.__version__, tensorboardX.__build__, str(written), str(writer.get_logdir())]


def write_below(logdir: str) -> None:
    events = FileWriter(logdir)
    events.add_event(Event(step=1, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.5)])))
    events.close()
    record = RecordWriter(logdir + "/file")
    record.write(b"data")
    record.close()
    register_writer_factory("faulty", FaultyStore())


def read(logdir: Path) -> tuple[list[str], Pixels | None]:
    try:
        columns = open_logdir(logdir).scalars(runs="a", tags=["train/*"], steps=slice(10, None), restarts="last")
    except TensorBoardXError:
        return [], None
    names = [f"{damage.path}: {damage.reason}" for damage in columns.damage]
    rows: int = columns.rows
    values: npt.NDArray[np.float64] = columns["value"]
    steps = [event.step for event in read_events(logdir)]
    records = [record.offset for record in Records(logdir / "file")]
    return [*names, str(rows), str(values.max()), str(steps), str(records)], decode_image(b"")

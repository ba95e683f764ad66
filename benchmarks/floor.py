"""The floor: only the work that no library can leave out, behind the methods of a SummaryWriter.

`WaitFloor` is the least that a caller can wait; `FileFloor` is the least work for the bytes to reach the file.
"""

from __future__ import annotations

import io
import struct
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

MASK = 0xA282EAD8  # of the CRCs in a TFRecord
BATCH = 1000  # events to a write
SORT_BELOW = 100_000  # values; under this a sort beats a count of 65,536 cells


class WaitFloor:
    """Appends a tuple to a deque, after one memcpy where the value is an array. Nothing reads the deque.

    Only the latest copies are kept: a copy into memory that was just let go is the fastest one, it faults no pages in.
    """

    def __init__(self, logdir: str) -> None:
        self.queue: deque[Any] = deque()
        self.copies: deque[Any] = deque(maxlen=2)

    def add_scalar(self, tag: str, value: Any, global_step: int | None = None) -> None:
        self.queue.append((tag, value, global_step, time.time()))

    add_scalars = add_text = add_scalar

    def add_scalars_at_step(self, values: Mapping[str, float], global_step: int) -> None:
        self.queue.append((values, global_step, time.time()))

    def add_histogram(self, tag: str, values: np.ndarray, global_step: int | None = None) -> None:
        self.copies.append((tag, values.copy(), global_step, time.time()))

    add_image = add_images = add_audio = add_video = add_histogram

    def add_pr_curve(self, tag: str, labels: np.ndarray, predictions: np.ndarray, global_step: int) -> None:
        self.copies.append((tag, labels.copy(), predictions.copy(), global_step, time.time()))

    def add_mesh(self, tag: str, vertices: np.ndarray, colors: np.ndarray, global_step: int) -> None:
        self.copies.append((tag, vertices.copy(), colors.copy(), global_step, time.time()))

    def add_embedding(self, mat: np.ndarray, metadata: list[str], global_step: int, tag: str) -> None:
        self.copies.append((tag, mat.copy(), metadata.copy(), global_step, time.time()))

    def flush(self) -> None:
        self.queue.clear()

    close = flush


class FileFloor:
    """One Event message reused for each tag, its CRC, and one unbuffered write for each batch."""

    def __init__(self, logdir: str) -> None:
        from crc32c import crc32c

        from tensorboardX.proto.event_pb2 import Event

        Path(logdir).mkdir(parents=True, exist_ok=True)
        self.logdir = logdir
        self.new_event, self.crc32c = Event, crc32c
        path = Path(logdir) / "events.out.tfevents.0000000001.floor"
        self.file = path.open("wb", buffering=0)
        self.batch: list[bytes] = []
        self.events: dict[str, tuple[Any, Any]] = {}
        self.headers: dict[int, bytes] = {}
        self.group: tuple[Any, dict[str, Any]] = Event(), {}
        self.runs: dict[str, FileFloor] = {}
        self._append(Event(file_version="brain.Event:2", wall_time=time.time()))

    def _append(self, event: Any) -> None:
        data = event.SerializeToString()
        header = self.headers.get(len(data)) or self._header(len(data))
        crc = self.crc32c(data)
        masked = ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF
        self.batch += header, data, masked.to_bytes(4, "little")
        if len(self.batch) >= 3 * BATCH:
            self.flush()

    def _header(self, size: int) -> bytes:
        """A record's length and the CRC of that, kept: events of a tag have few lengths."""
        length = struct.pack("<Q", size)
        crc = self.crc32c(length)
        masked = ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF
        self.headers[size] = length + masked.to_bytes(4, "little")
        return self.headers[size]

    def _event(self, tag: str) -> tuple[Any, Any]:
        event = self.new_event()
        self.events[tag] = event, event.summary.value.add(tag=tag)
        return self.events[tag]

    def add_scalar(self, tag: str, value: Any, global_step: int) -> None:
        event, slot = self.events.get(tag) or self._event(tag)
        event.wall_time = time.time()
        event.step = global_step
        slot.simple_value = value
        self._append(event)

    def add_scalars(self, tag: str, values: Mapping[str, float], global_step: int) -> None:
        for name, value in values.items():
            run = self.runs.get(name)
            if run is None:
                run = self.runs[name] = FileFloor(f"{self.logdir}/{tag}/{name}")
            run.add_scalar(tag, value, global_step)

    def add_scalars_at_step(self, values: Mapping[str, float], global_step: int) -> None:
        event, slots = self.group
        event.wall_time = time.time()
        event.step = global_step
        for tag, value in values.items():
            slot = slots.get(tag)
            if slot is None:
                slot = slots[tag] = event.summary.value.add(tag=tag)
            slot.simple_value = value
        self._append(event)

    def add_text(self, tag: str, text: str, global_step: int) -> None:
        event, slot = self.events.get(tag) or self._event(tag)
        event.wall_time = time.time()
        event.step = global_step
        slot.tensor.dtype = 7  # DT_STRING
        slot.tensor.string_val[:] = [text.encode()]
        self._append(event)

    def add_histogram(self, tag: str, values: np.ndarray, global_step: int) -> None:
        if values.size < SORT_BELOW:
            np.sort(values)
        else:
            np.bincount(values.view(np.uint16)[1::2], minlength=65_536)  # sign, exponent and 7 bits of each value

    def add_image(self, tag: str, image: np.ndarray, global_step: int) -> None:
        from PIL import Image

        encoded = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))).save(encoded, "PNG")
        self.file.write(encoded.getbuffer())

    def add_images(self, tag: str, images: np.ndarray, global_step: int) -> None:
        count, channels, height, width = images.shape
        grid = images.reshape(count // 8, 8, channels, height, width).transpose(2, 0, 3, 1, 4)
        self.add_image(tag, grid.reshape(channels, count // 8 * height, 8 * width), global_step)

    def add_video(self, tag: str, film: np.ndarray, global_step: int) -> None:
        from PIL import Image

        frames = [Image.fromarray(frame) for frame in np.ascontiguousarray(film[0].transpose(0, 2, 3, 1))]
        encoded = io.BytesIO()
        frames[0].save(encoded, "GIF", save_all=True, append_images=frames[1:], duration=250, loop=0)
        self.file.write(encoded.getbuffer())

    def add_audio(self, tag: str, sound: np.ndarray, global_step: int) -> None:
        self.file.write((sound * 32_767).astype("<i2").tobytes())

    def add_pr_curve(self, tag: str, labels: np.ndarray, predictions: np.ndarray, global_step: int) -> None:
        np.bincount((predictions * 126).astype(np.intp) * 2 + labels, minlength=254)

    def add_mesh(self, tag: str, vertices: np.ndarray, colors: np.ndarray, global_step: int) -> None:
        self.file.write(vertices.tobytes() + colors.tobytes())

    def add_embedding(self, mat: np.ndarray, metadata: list[str], global_step: int, tag: str) -> None:
        self.file.write(mat.tobytes())
        self.file.write("\n".join(metadata).encode())

    def flush(self) -> None:
        self.file.write(b"".join(self.batch))
        self.batch.clear()
        for run in self.runs.values():
            run.flush()

    def close(self) -> None:
        self.flush()
        self.file.close()
        for run in self.runs.values():
            run.close()

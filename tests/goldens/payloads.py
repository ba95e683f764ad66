"""The content of images, videos and audio, decoded, as text: other versions of Pillow or zlib write other bytes."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageSequence

Lines = Iterator[str]


def picture(data: bytes, compare_pixels: bool) -> Lines:
    """Size and mode, and a row of hexadecimal colours for each row of pixels; of a video, this for each frame."""
    with Image.open(io.BytesIO(data)) as image:
        frames = getattr(image, "n_frames", 1)
        size = f"{image.width} wide, {image.height} high"
        if image.format != "GIF":
            yield f"{image.format}, {image.mode}, {size}"
            yield from _pixels(image) if compare_pixels else ()
            return
        yield f"GIF, {frames} frames, {size}, loop {image.info.get('loop')}"
        for frame in ImageSequence.Iterator(image):
            yield f"{frame.info['duration']} ms"
            yield from _pixels(frame.convert("RGB")) if compare_pixels else ()


def _pixels(image: Image.Image) -> Lines:
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    for row in pixels:
        yield " ".join(bytes(pixel).hex() for pixel in row)


def sound(data: bytes) -> Lines:
    """The header, and a line for each frame of samples."""
    with wave.open(io.BytesIO(data)) as file:
        channels, width = file.getnchannels(), file.getsampwidth()
        yield f"WAV, {channels} channels, {8 * width} bits, {file.getframerate()} Hz, {file.getnframes()} frames"
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, channels)
    for frame in samples:
        yield " ".join(str(sample) for sample in frame)

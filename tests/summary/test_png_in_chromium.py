"""The pixels that Chromium, where dashboards are looked at, reads of PNG files."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tensorboardX.summary.image import make_image
from tensorboardX.summary.png import encode_png

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Without the switches about networking it looks up hosts of Google at every start.
SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SWITCHES += [
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--virtual-time-budget=60000",
]

# Draws each image on a canvas, and leaves its width, height and RGBA bytes, in base64, in the document.
PAGE = """<!DOCTYPE html><body><pre id="out"></pre><script>
const read = async (url) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const bytes = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const parts = [];
  for (let i = 0; i < bytes.length; i += 8192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)));
  return [canvas.width, canvas.height, btoa(parts.join(""))];
};
Promise.all(URLS.map(read)).then(
  (all) => { document.getElementById("out").textContent = "<<" + JSON.stringify(all) + ">>"; },
  (error) => { document.getElementById("out").textContent = "failed: " + error; });
</script></body>"""

RANDOM = np.random.default_rng(3)
ROWS, COLUMNS = np.mgrid[0:128, 0:128]


def _colours(*channels):
    return np.stack(channels, axis=2).clip(0, 255).astype(np.uint8)


def _figure():
    picture = Image.new("RGB", (128, 128), "white")
    draw = ImageDraw.Draw(picture)
    for k in range(10):
        draw.line([(10, 10 + 11 * k), (118, 118 - 9 * k)], fill=(25 * k, 90, 255 - 25 * k), width=2)
        draw.text((4, 12 * k), f"{k / 7:.3f}", fill="black")
    return np.asarray(picture)


def _natural():
    hills = [90 + 60 * np.sin(COLUMNS / 31 + k) * np.cos(ROWS / 23 - k) + ROWS / 4 for k in range(3)]
    return _colours(*hills)


def _digits():
    grid = np.zeros((128, 128), np.uint8)
    for row, column in np.ndindex(4, 4):
        y, x = np.hypot(*np.mgrid[-14:14, -14:14]), RANDOM.integers(5, 11)
        grid[32 * row : 32 * row + 28, 32 * column : 32 * column + 28] = np.clip(255 - 60 * abs(y - x), 0, 255)
    return _colours(grid, grid, grid)


HEAT = np.kron(RANDOM.integers(0, 256, (8, 8)), np.ones((16, 16)))
PICTURES = {
    "photograph": (_natural() + RANDOM.normal(0, 3, (128, 128, 3))).clip(0, 255).astype(np.uint8),
    "natural": _natural(),
    "noise": RANDOM.integers(0, 256, (128, 128, 3), dtype=np.uint8),
    "gradient": _colours(ROWS, COLUMNS, ROWS // 2 + COLUMNS // 2),
    "figure": _figure(),
    "heat map": _colours(HEAT, 255 - HEAT, HEAT // 2),
    "digits": _digits(),
    "grey": RANDOM.integers(0, 256, (100, 60, 1), dtype=np.uint8),
    "small": RANDOM.integers(0, 256, (9, 13, 3), dtype=np.uint8),
    "alpha": _colours(ROWS, COLUMNS, HEAT, np.where(ROWS > COLUMNS, 255, 0)),
    "grey and alpha": _colours(ROWS, np.where(ROWS > 40, 255, 0)),
    "half transparent": _colours(HEAT, HEAT, HEAT, COLUMNS + 100),
}


def _encoded(pixels):
    return encode_png(pixels) if pixels.shape[2] == 1 else make_image(pixels).encoded_image_string


def _rgba(pixels):
    """What an image is on a canvas. Where it is transparent, a canvas keeps no colour."""
    channels = pixels.shape[2]
    alpha = pixels[..., -1:] if channels in (2, 4) else np.full((*pixels.shape[:2], 1), 255, np.uint8)
    colours = pixels[..., : channels - (channels in (2, 4))]
    return np.concatenate([np.broadcast_to(colours, (*pixels.shape[:2], 3)) * (alpha > 0), alpha], axis=2)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_chromium_reads_the_pixels_that_were_encoded(tmp_path):
    urls = ["data:image/png;base64," + base64.b64encode(_encoded(each)).decode() for each in PICTURES.values()]
    page = tmp_path / "page.html"
    page.write_text(PAGE.replace("URLS", json.dumps(urls)))
    command = [CHROMIUM, *SWITCHES, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    answer = re.search(r"&lt;&lt;(.*)&gt;&gt;", done.stdout, re.DOTALL)
    assert answer, done.stdout[-500:] + done.stderr[-2000:]
    for (name, pixels), (width, height, data) in zip(PICTURES.items(), json.loads(answer[1]), strict=True):
        found = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)
        # A canvas multiplies colours by their opacity, and rounds: exact only where that is 0 or 255.
        most = 1 if name == "half transparent" else 0
        assert np.abs(found.astype(int) - _rgba(pixels)).max() <= most, name

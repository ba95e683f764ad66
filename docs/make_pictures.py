#!/usr/bin/env python3
"""Take the pictures in docs/images/: of each dashboard of TensorBoard, and of a training, filled by the examples.

    pip install ".[examples]"
    apt-get install chromium chromium-driver
    python docs/make_pictures.py              # or: python docs/make_pictures.py mesh projector
    python docs/make_pictures.py tail         # the recording of `tensorboardx tail -f`, without Chromium
    python docs/make_pictures.py language_model                # all pictures of an example
    python docs/make_pictures.py language_model --work /tmp/lm # its runs stay there, and are not made again next time

A headless Chromium opens each dashboard of a stock TensorBoard. A picture is taken when what the dashboard should show
is on the page; if it does not appear, the script fails and names it. Nothing needs a GPU or the internet.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

DOCS = Path(__file__).resolve().parent
EXAMPLES = DOCS.parent / "examples"
MOST_BYTES = 120_000
MOST_BYTES_RECORDED = 400_000
LEAST_FRAMES = 10
MARGIN = (340, 130)  # left of the data and above them
LEAST_DRAWN = 0.02
PATIENCE = 60  # seconds for a page to draw, with WebGL in software
# What each example consists of. The directories are relative because TensorBoard shows them.
COMMANDS = {
    "train_digits": ["train_digits.py --logdir runs/train_digits/digits"],
    "all_dashboards": ["all_dashboards.py --logdir runs/all_dashboards"],
    "language_model": [  # as on the page
        "language_model/pretrain.py",
        "language_model/finetune.py",
        "language_model/pretrain.py --logdir runs/language_model/too_fast --steps 100 --learning-rate 0.03 --warmup 0"
        " --clip 0",
    ],
}


@dataclass(frozen=True)
class Dashboard:
    """A page of TensorBoard, and when it is worth a picture.

    `name` is that of the picture, and of the page where `page` names no other. `shows` is a JavaScript expression that
    is true once the data are drawn. Each of `steps` is one as well: it brings the page nearer to what the picture is
    of, and is evaluated again until it is true. `tags` and `runs` are the regular expressions in the page's filters,
    and `options` further settings in its address.
    """

    name: str
    shows: str
    tags: str = ""
    runs: str = "^training$"
    steps: tuple[str, ...] = ()
    width: int = 1280
    height: int = 720
    page: str = ""
    example: str = "all_dashboards"
    options: str = ""

    @property
    def address(self) -> str:
        tags, runs, page = quote(self.tags), quote(self.runs), self.page or self.name
        # The time series have their filters before the name, the others behind it.
        filters = f"tagFilter={tags}&runFilter={runs}#{page}&tagFilter={tags}&regexInput={runs}"
        return f"/?darkMode=false&{filters}{self.options}"


TERMINAL = "tail"
"""What is not of a dashboard: a recording of two trainings that `tensorboardx tail -f` follows."""

HELPERS = """
    // Elements that have a size, also those in shadow roots and frames.
    const all = (selector, root = document) => [...root.querySelectorAll('*')].flatMap(element => [
        ...(element.matches(selector) && element.getBoundingClientRect().width ? [element] : []),
        ...(element.shadowRoot ? all(selector, element.shadowRoot) : []),
        ...(element.contentDocument ? all(selector, element.contentDocument) : []),
    ]);
    const count = selector => all(selector).length;
    const lines = selector => all(selector).filter(path => (path.getAttribute('d') || '').length > 40).length;
    const loaded = () => all('img').filter(image => image.complete && image.naturalWidth).length;
    const named = (selector, text) => all(selector).find(element => element.textContent.trim().startsWith(text));
    const click = element => element ? (element.click(), true) : false;
    const unfold = name => named('g.node', name)?.querySelector('.nodeshape')?.dispatchEvent(
        new MouseEvent('dblclick', {bubbles: true}));
    const set = (selector, values) => all(selector).map(element => Object.assign(element, values)).length > 0;
    const scrollTo = element => element ? (element.scrollIntoView({block: 'start'}), true) : false;
    // The cards of the time series are as wide as the settings say when the page is loaded.
    const setCardWidth = pixels => {
        const settings = JSON.stringify({timeSeriesCardMinWidth: pixels});
        if (localStorage.getItem('_tb_global_settings') === settings) return true;
        localStorage.setItem('_tb_global_settings', settings);
        location.reload();
        return false;
    };
    const zoomOut = element => element?.dispatchEvent(
        new WheelEvent('wheel', {deltaY: 60, clientX: 600, clientY: 140, bubbles: true}));
    // The tabs of the dashboards do not all fit: move on until the one that is open can be read.
    const showTab = () => {
        const [tab] = all('[role=tab][aria-selected=true]'), [more] = all('.mat-mdc-tab-header-pagination-after');
        if (tab && !(more && !more.disabled && edge(tab).right > edge(more).left)) return true;
        click(more);
        return false;
    };
    const edge = element => element.getBoundingClientRect();
"""

NOT_SMOOTHED = "&_smoothingWeight=0"
WITH_OUTLIERS = ("click(named('paper-checkbox', 'Ignore outliers'))",)

SOME_HISTOGRAMS = "auto|sixty|counted|own"

DASHBOARDS = [
    Dashboard(
        "train_digits",
        "count('scalar-card canvas, scalar-card path') > 1 && loaded() >= 2",
        "^loss$|validation/accuracy|misclassified|confusion",
        "",
        steps=("setCardWidth(470)", "click(all('[aria-label=\"Toggle settings side pane\"]')[0])"),
        height=1040,
        page="timeseries",
        example="train_digits",
    ),
    Dashboard(
        "timeseries",
        "count('scalar-card canvas, scalar-card path') > 1 && loaded() && lines('histogram-card path') > 20",
        "accuracy/mean|landscape|loss/train|weights/auto",
        "training",
        steps=("click(all('[aria-label=\"Toggle settings side pane\"]')[0])",),
        height=1000,
    ),
    Dashboard("scalars", "lines('path') >= 6", "loss/|waves|lr", "^training"),
    Dashboard("images", "loaded() >= 4", "fit|balls|planets|objects", height=960),
    Dashboard("audio", "all('audio').filter(audio => audio.readyState).length >= 2"),
    Dashboard("histograms", "lines('path') > 100", SOME_HISTOGRAMS),
    Dashboard("distributions", "lines('path') > 20", SOME_HISTOGRAMS),
    Dashboard("text", "count('td') >= 6 && count('h2')", "configuration|notes"),
    Dashboard(
        "graphs",
        "count('g.node') > 8",
        steps=(
            "click(all('paper-dropdown-menu')[0])",
            "click(named('paper-item', 'graphs/pytorch'))",
            "unfold('Network')",
            "unfold('Sequential[stem]')",
            "click(named('paper-button', 'Fit to screen'))",
            "zoomOut(all('svg#svg')[0])",  # what fits reaches a little below the window
        ),
        height=860,
    ),
    Dashboard(
        "pr_curves",
        "lines('path') >= 2",
        "classifier",
        steps=(
            "set('paper-slider', {value: 4, immediateValue: 4})",
            "all('div').some(row => /is at\\s+step 4/.test(row.textContent))",
        ),
        height=860,
    ),
    Dashboard(
        "mesh",
        "count('canvas')",
        steps=(
            "click(named('button', 'ring_to_knot'))",
            "count('canvas')",
            "scrollTo(named('button', 'ring_to_knot'))",
        ),
        width=1000,
        height=800,
    ),
    Dashboard(
        "projector",
        "count('canvas')",
        steps=(
            "set('vz-projector-data-panel', {selectedTensor: 'digits:00002'})",
            "named('span, div', 'Points: 400')",
            "set('vz-projector-data-panel', {selectedColorOptionName: 'digit', selectedLabelOption: 'digit'})",
        ),
        width=1780,
    ),
    Dashboard("hparams", "count('vaadin-grid-cell-content') > 40", width=1700),
    Dashboard("custom_scalars", "lines('path') > 10"),
    Dashboard(
        "language_model_loss",
        "count('scalar-card canvas, scalar-card path') > 3",
        "^train|^validation/loss",
        "^pretrain$",
        steps=("setCardWidth(470)", "click(all('[aria-label=\"Toggle settings side pane\"]')[0])"),
        height=1040,
        page="timeseries",
        example="language_model",
    ),
    Dashboard(
        "language_model_norms",
        "lines('path') >= 4",
        "^watch/(gradient|update|weight)_norm$|watch/gradient_norm/.*scores",
        "^pretrain$",
        steps=WITH_OUTLIERS,
        options=NOT_SMOOTHED,
        page="scalars",
        example="language_model",
    ),
    Dashboard(
        "language_model_histograms",
        "lines('path') > 40",
        "^watch/(weights|gradients)/(blocks.3.contract.weight|scores.weight)$",
        "^pretrain$",
        height=690,
        page="histograms",
        example="language_model",
    ),
    Dashboard(
        "language_model_attention",
        "loaded() >= 2",
        "^attention/layer[03]$",
        "^pretrain$",
        steps=("click(named('paper-checkbox', 'Show actual image size'))",),
        width=1540,
        height=900,
        page="images",
        example="language_model",
    ),
    Dashboard(
        "language_model_samples",
        "count('td') >= 6",
        "^samples",
        "^pretrain$",
        page="text",
        example="language_model",
    ),
    Dashboard(
        "language_model_finetuned",
        "count('td') >= 6",
        "^samples",
        "rank16_lr0.003$",
        page="text",
        example="language_model",
    ),
    Dashboard(
        "language_model_trials",
        "lines('path') >= 3",
        "^validation/loss|^train/loss",
        "^finetune",
        height=530,
        steps=WITH_OUTLIERS,
        options=NOT_SMOOTHED,
        page="scalars",
        example="language_model",
    ),
    Dashboard(
        "language_model_hparams",
        "count('vaadin-grid-cell-content') > 10",
        page="hparams",
        width=1400,
        height=450,
        example="language_model",
    ),
    Dashboard(
        "language_model_too_fast",
        "lines('path') >= 8",
        "^train/loss|^validation/loss|^watch/(gradient|update|weight)_norm$",
        "^pretrain$|^too_fast$",
        steps=WITH_OUTLIERS,
        options=NOT_SMOOTHED,
        height=1000,
        page="scalars",
        example="language_model",
    ),
    Dashboard(
        "language_model_too_fast_samples",
        "count('td') >= 6",
        "^samples",
        "^too_fast$",
        height=560,
        page="text",
        example="language_model",
    ),
]

CHROMIUM = [
    *("--headless=new", "--no-sandbox", "--no-first-run", "--disable-dev-shm-usage", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--no-proxy-server", "--hide-scrollbars"),
    *("--mute-audio", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"),
]


class Browser:
    """A Chromium that is driven through chromedriver. Protocol: https://www.w3.org/TR/webdriver/."""

    def __init__(self, driver: str) -> None:
        self._session = driver + "/session"
        capabilities = {"alwaysMatch": {"goog:chromeOptions": {"args": CHROMIUM}}}
        self._session += "/" + self._post("", capabilities=capabilities)["sessionId"]

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._post("/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params=size)

    def open(self, url: str) -> None:
        self._post("/url", url="about:blank")  # a new fragment alone would not load the page anew
        self._post("/url", url=url)

    def evaluate(self, expression: str) -> Any:
        return self._post("/execute/sync", script=f"{HELPERS} return Boolean({expression})", args=[])

    def screenshot(self) -> bytes:
        return base64.b64decode(self._request("GET", "/screenshot"))

    def close(self) -> None:
        self._request("DELETE", "")

    def _post(self, path: str, **body: Any) -> Any:
        return self._request("POST", path, json.dumps(body).encode())

    def _request(self, method: str, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(
            self._session + path, body, {"Content-Type": "application/json"}, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=120) as response:
            return json.load(response)["value"]


@contextmanager
def server(command: Sequence[str], address: str, directory: str) -> Iterator[str]:
    """Run a program until the end of the block; yield the address that it prints."""
    process = subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout
        printed = ""
        for line in process.stdout:
            printed += line
            found = re.search(address, line)
            if found:
                yield "http://127.0.0.1:" + found[1]
                return
        raise RuntimeError(f"{command[0]} did not start:\n{printed}")
    finally:
        process.terminate()
        process.wait(20)


def take_picture(browser: Browser, url: str, dashboard: Dashboard) -> bytes:
    """Return a PNG of a dashboard, once it shows what it should and two looks at it are alike."""
    browser.resize(dashboard.width, dashboard.height)
    browser.open(url + dashboard.address)
    for step in ("showTab()", *dashboard.steps, dashboard.shows):
        wait_for(browser, dashboard.name, step)
        settle(browser)
    return browser.screenshot()


def wait_for(browser: Browser, name: str, expression: str) -> None:
    end = time.monotonic() + PATIENCE
    while not browser.evaluate(expression):
        if time.monotonic() > end:
            raise RuntimeError(f"{name}: not true in {PATIENCE} seconds: {expression}")
        time.sleep(0.5)


def settle(browser: Browser) -> None:
    """Wait until two looks are alike, or some seconds, as films never stand still."""
    before = b""
    for _ in range(6):
        time.sleep(0.7)
        now = browser.screenshot()
        if now == before:
            return
        before = now


def save(png: bytes, path: Path) -> None:
    """Write a picture with 256 colours, which takes half of the bytes."""
    with Image.open(io.BytesIO(png)) as image:
        picture = image.convert("RGB")
    share = drawn(picture)
    if share < LEAST_DRAWN:
        raise RuntimeError(f"{path.name} shows next to nothing: only {share:.1%} of it is not background")
    palette = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
    picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise RuntimeError(f"{path.name} takes {size} bytes, more than {MOST_BYTES}")
    print(f"{path.name}: {size} bytes, {share:.0%} drawn")


def drawn(picture: Image.Image) -> float:
    """Return the share of the data's part of a page that has not its most frequent colour."""
    part = picture.crop((*MARGIN, *picture.size))
    pixels = part.width * part.height
    counts = [count for count, _ in part.getcolors(pixels) or []]
    return 1 - max(counts) / pixels


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Take the pictures of the dashboards.")
    parser.add_argument("names", nargs="*", metavar="dashboard", help="(default: all)")
    parser.add_argument("--output", type=Path, default=DOCS / "images")
    parser.add_argument("--work", type=Path, help="directory of the runs (default: a temporary one)")
    options = parser.parse_args(argv)
    if not options.names or TERMINAL in options.names:
        record_terminal(options.output)
    if options.names == [TERMINAL]:
        return
    chosen = [one for one in DASHBOARDS if not options.names or {one.name, one.example} & {*options.names}]
    with (
        tempfile.TemporaryDirectory() as directory,
        server(["chromedriver", "--port=0"], r"started successfully on port (\d+)", directory) as driver,
    ):
        browser = Browser(driver)
        try:
            for example in COMMANDS:
                of_example = [one for one in chosen if one.example == example]
                take_pictures(browser, example, of_example, options.output, options.work or Path(directory))
        finally:
            browser.close()


def take_pictures(
    browser: Browser, example: str, dashboards: Sequence[Dashboard], output: Path, directory: Path
) -> None:
    """Run an example in a directory, if its runs are not there, and take pictures of what it logged."""
    if not dashboards:
        return
    logdir = f"runs/{example}"
    if not (directory / logdir).exists():
        directory.mkdir(parents=True, exist_ok=True)
        for command in COMMANDS[example]:
            program, *arguments = command.split()
            subprocess.run([sys.executable, EXAMPLES / program, *arguments], cwd=directory, check=True)
    # Everything is loaded before the first page is served.
    tensorboard = [sys.executable, "-m", "tensorboard.main", "--logdir", logdir, "--host", "127.0.0.1", "--port", "0"]
    tensorboard += ["--load_fast", "false", "--reload_interval", "0", "--reload_task", "blocking"]
    with server(tensorboard, r"TensorBoard \S+ at http://127\.0\.0\.1:(\d+)", str(directory)) as url:
        for dashboard in dashboards:
            save(take_picture(browser, url, dashboard), output / f"{dashboard.name}.png")


def record_terminal(output: Path) -> None:
    """Train twice at once while the command follows, and let it write the recording."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "runs").mkdir()
        tail = [sys.executable, "-m", "tensorboardX", "tail", "-f", "runs", "--run", "seed?", "--svg", "tail.svg"]
        command = subprocess.Popen([*tail, "--interval", "0.4"], cwd=directory)
        program = [sys.executable, EXAMPLES / "train_digits.py"]
        trainings = [
            subprocess.Popen(
                [*program, "--logdir", f"runs/seed{seed}", "--seed", str(seed), "--epochs", "5"], cwd=directory
            )
            for seed in range(2)
        ]
        codes = [training.wait() for training in trainings]
        if any(codes):
            raise RuntimeError("a training failed")
        time.sleep(2)  # the last points are written within a second, and seen in half of one
        command.send_signal(signal.SIGINT)
        command.wait()
        recorded = Path(directory, "tail.svg").read_bytes()
    frames = recorded.count(b'class="frame"')
    if frames < LEAST_FRAMES or len(recorded) > MOST_BYTES_RECORDED:
        raise RuntimeError(f"the recording has {frames} frames and {len(recorded)} bytes")
    (output / f"{TERMINAL}.svg").write_bytes(recorded)
    print(f"{TERMINAL}.svg: {len(recorded)} bytes, {frames} frames")


if __name__ == "__main__":
    main()

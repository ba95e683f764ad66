"""The site is built without a warning, and a browser finds every link, every picture, and what is searched for."""

from __future__ import annotations

import http.server
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Without the switches about networking it looks up hosts of Google at every start.
SWITCHES = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SWITCHES += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-proxy-server"]
PATIENCE = 300  # seconds
CHECK = "/__check__/"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material")
    out = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return out


def addresses(site: Path) -> list[str]:
    pages = [path.parent.relative_to(site).as_posix() for path in site.rglob("index.html")]
    return sorted("/" if page == "." else f"/{page}/" for page in pages)


def test_every_page_of_docs_is_on_the_site(site):
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        place = "" if name == "index" else name.removesuffix("/index") + "/"
        assert "/" + place in addresses(site)
    assert "/repository/CHANGELOG/" in addresses(site)
    assert (site / "repository/examples/all_dashboards.py/index.html").exists()


def test_the_api_reference_shows_signatures_and_docstrings(site):
    text = (site / "api/index.html").read_text(encoding="utf-8")
    for name in ("tensorboardX.SummaryWriter.add_scalar", "tensorboardX.reader.open_logdir"):
        assert f'id="{name}"' in text
    assert "summary_description" in text
    assert "Markdown shown beside the chart" in text


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_finds_every_link_and_picture_and_what_is_searched_for(site, tmp_path):
    words = {"flush": "faq/"} | ({"多卡": "zh/"} if (DOCS / "zh").is_dir() else {})
    report = browse(site, tmp_path, addresses(site), list(words))
    assert report["problems"] == []
    assert report["pages"] == addresses(site)
    assert report["pictures"] >= 16
    for word, where in words.items():
        assert any(where in found for found in report["searches"][word]), report["searches"]


def browse(site: Path, profile: Path, pages: list[str], words: list[str]) -> dict[str, Any]:
    """Let Chromium run check_site.js on the site, and return what it posts."""
    with serve(site, {"pages": pages, "words": words}) as (url, reports):
        command = [CHROMIUM, *SWITCHES, f"--user-data-dir={profile / 'profile'}", url + CHECK]
        browser = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        try:
            return json.loads(reports.get(timeout=PATIENCE))
        finally:
            browser.terminate()
            browser.wait(30)


@contextmanager
def serve(site: Path, work: dict[str, Any]) -> Iterator[tuple[str, queue.Queue[bytes]]]:
    """Serve the site on loopback, and below /__check__/ what the browser runs; queue what it posts."""
    reports: queue.Queue[bytes] = queue.Queue()
    handler = partial(Handler, work=work, reports=reports, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", reports
        finally:
            server.shutdown()
            thread.join()


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, work: dict[str, Any], reports: queue.Queue[bytes], **kwargs: Any) -> None:
        self._reports = reports
        self._own = {
            CHECK: ("text/html", b"<!DOCTYPE html><body><script src='check_site.js'></script></body>"),
            CHECK + "check_site.js": ("text/javascript", Path(__file__).with_name("check_site.js").read_bytes()),
            CHECK + "work.json": ("application/json", json.dumps(work).encode()),
        }
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        if self.path not in self._own:
            super().do_GET()
            return
        kind, content = self._own[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self._reports.put(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass

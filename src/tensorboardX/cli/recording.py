"""A recording of `tail -f`: an SVG file whose frames are the pictures that were drawn, one visible at a time."""

from __future__ import annotations

import io
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ..reader import Columns
from . import exit_codes
from .curves import Curves
from .files import replaced_text
from .picture import check_packages, picture

SIZE = (92, 28)  # columns and lines
_MOST_FRAMES = 30
_LONGEST = 20.0  # seconds; what took longer is played faster
_PAUSE = 3.0  # seconds that the last frame stays
_CELL_WIDTH, _LINE_HEIGHT = 12.2, 24.4  # of rich's SVG, in its units
# Of rich's own page, without fonts from another host: https://github.com/Textualize/rich/blob/master/rich/_export_format.py
_PAGE = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
text {{ font: {char_height}px monospace; }}
.t-title {{ font: bold 18px sans-serif; }}
/*STYLES*/
</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
<!--FRAMES-->
</g>
</svg>
"""


class Recording:
    """Pictures and the times at which they were drawn, a bounded number of them.

    Of a recording that grows too long, every other picture is left out, and then at most as many are taken as before.
    """

    def __init__(self) -> None:
        self.frames: list[tuple[float, Any]] = []
        self._least = 0.0  # seconds between two frames

    def add(self, seconds: float, drawn: Any) -> None:
        """Take a picture; the last one is always there."""
        if len(self.frames) > 1 and self.frames[-1][0] - self.frames[-2][0] < self._least:
            self.frames.pop()
        self.frames.append((seconds, drawn))
        if len(self.frames) > _MOST_FRAMES:
            self._least = 2 * (seconds - self.frames[0][0]) / _MOST_FRAMES
            self.frames = [*self.frames[:-1:2], self.frames[-1]]

    def svg(self) -> str:
        """Return the file; without frames an empty terminal."""
        from rich.terminal_theme import MONOKAI

        _, height = SIZE
        blank, film = _console(), _console()
        blank.print("\n" * (height - 1))
        for _, drawn in self.frames:
            film.print(drawn)
            film.print("\n" * (height - 1 - drawn.plain.count("\n")), end="")
        page: str = blank.export_svg(title="tensorboardx tail -f", theme=MONOKAI, code_format=_PAGE, unique_id="t")
        exported = film.export_svg(theme=MONOKAI, code_format="{styles}\f{matrix}", unique_id="t")
        styles, _, text = exported.partition("\f")
        page = page.replace("/*STYLES*/", f"{styles}\n{self._animation()}")
        return page.replace("<!--FRAMES-->", "\n".join(_frames(text, len(self.frames), height)))

    def _animation(self) -> str:
        """Return the style sheet that shows the frames in turn, and the last one where nothing moves."""
        if not self.frames:
            return ""
        begins = [seconds - self.frames[0][0] for seconds, _ in self.frames]
        scale = min(1.0, _LONGEST / max(begins[-1], 1e-9))
        whole = begins[-1] * scale + _PAUSE
        shares = [*(100 * begin * scale / whole for begin in begins), 100.0]
        last = len(begins) - 1
        rules = [f".frame {{ visibility: hidden; }} #f{last} {{ visibility: visible; }}"]
        rules.append("@media (prefers-reduced-motion: no-preference) {")
        for number in range(last + 1):
            steps = "0% { visibility: hidden; } " if number else ""
            steps += f"{shares[number]:.2f}% {{ visibility: visible; }}"
            steps += f" {shares[number + 1]:.2f}% {{ visibility: hidden; }}" if number < last else ""
            rules.append(f"@keyframes f{number} {{ {steps} }}")
            rules.append(f"#f{number} {{ animation: f{number} {whole:.2f}s step-end infinite; }}")
        return "\n".join([*rules, "}"])


def record(batches: Iterator[Columns], path: str) -> int:
    """Write a recording of what comes until it ends or is interrupted; return the exit code.

    Raises MissingExtraError.
    """
    check_packages()
    curves, recording = Curves(), Recording()
    try:
        for batch in batches:
            curves.add(batch)
            recording.add(time.monotonic(), picture(curves, *SIZE, time.strftime("as of %H:%M:%S, Ctrl-C ends")))
    finally:
        with replaced_text(path) as file:
            file.write(recording.svg())
    return exit_codes.OK if curves.runs else exit_codes.NOT_FOUND


def _console() -> Any:
    from rich.console import Console

    return Console(file=io.StringIO(), record=True, width=SIZE[0], height=SIZE[1], force_terminal=True)


def _frames(text: str, count: int, height: int) -> Iterator[str]:
    """Cut the text of all frames, which lie one below the other, into groups that lie in one place."""
    groups: dict[int, list[str]] = defaultdict(list)
    for head, content in re.findall(r"<text ([^>]*)>(.*?)</text>", text.replace("&#160;", "\u00a0"), re.DOTALL):
        facts = dict(re.findall(r'([\w-]+)="([^"]*)"', head))
        shown = content.strip()
        if shown:
            left, right = (len(content) - len(part) for part in (content.lstrip(), content.rstrip()))
            x = float(facts["x"]) + left * _CELL_WIDTH
            width = float(facts["textLength"]) - (left + right) * _CELL_WIDTH
            number, y = divmod(float(facts["y"]), height * _LINE_HEIGHT)
            place = f'x="{x:.1f}" y="{y:.1f}" textLength="{width:.1f}"'
            groups[int(number)].append(f'<text class="{facts["class"]}" {place}>{shown}</text>')
    for number in range(count):
        yield f'<g class="frame" id="f{number}">{"".join(groups[number])}</g>'

"""What MkDocs does besides: links that lead out of docs/ work, and formulae become MathML.

The pages are read on the site and in the repository. There, a link such as `../examples/train_digits.py` leads to a
file; on the site it leads to a page that shows this file, `repository/examples/train_digits.py.md`.
Hooks: https://www.mkdocs.org/dev-guide/plugins/#events
"""

from __future__ import annotations

import os
import re
from html import unescape
from pathlib import Path, PurePosixPath

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
SHOWN = "repository"
LINK = re.compile(r"(?<=\]\()(?!\w+:|#|/)([^)\s#]+)")
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
ALWAYS = ("CHANGELOG.md", "CONTRIBUTING.md")  # the navigation has them


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file of the repository that a page links to."""
    waiting = [ROOT / name for name in ALWAYS]
    waiting += [target for page in files.documentation_pages() for target in _outside(DOCS / page.src_uri)]
    added: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in added:
            added.add(path)
            files.append(File.generated(config, _shown_at(path), content=_content(path)))
            waiting += _outside(path) if path.suffix == ".md" else []
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files of the repository into links to their pages."""
    uri = PurePosixPath(page.file.src_uri)
    shown = uri.parts[0] == SHOWN
    if shown and not _source(uri).name.endswith(".md"):
        return markdown
    origin = _source(uri) if shown else DOCS / uri

    def rewritten(link: re.Match[str]) -> str:
        target = _target(origin, link[1])
        if not shown and target.is_relative_to(DOCS):
            return link[1]
        place = target.relative_to(DOCS).as_posix() if target.is_relative_to(DOCS) else _shown_at(target)
        return os.path.relpath(place, uri.parent.as_posix())

    return LINK.sub(rewritten, markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn formulae into MathML, which browsers draw themselves: no script is loaded for it."""
    return FORMULA.sub(
        lambda found: convert(unescape(found[3]), display="block" if found[2] == "[" else "inline"), html
    )


def _outside(page: Path) -> list[Path]:
    """Return what a page links to that is not in docs/."""
    targets = [_target(page, link) for link in LINK.findall(page.read_text(encoding="utf-8"))]
    return [target for target in targets if not target.is_relative_to(DOCS) and target.exists()]


def _target(page: Path, link: str) -> Path:
    return Path(os.path.normpath(page.parent / link))


def _shown_at(path: Path) -> str:
    name = path.relative_to(ROOT).as_posix()
    return f"{SHOWN}/{name}" if path.suffix == ".md" else f"{SHOWN}/{name}.md"


def _source(uri: PurePosixPath) -> Path:
    """The file that a page of the site shows."""
    path = ROOT / uri.relative_to(SHOWN)
    return path if path.is_file() else path.with_suffix("")


def _content(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    if path.is_dir():
        listed = sorted(each.name for each in path.iterdir() if not each.name.startswith(("_", ".")))
        return f"# {name}/\n\n" + "".join(f"- `{each}`\n" for each in listed)
    return f"# {name}\n\n````{path.suffix[1:]}\n{path.read_text(encoding='utf-8').rstrip()}\n````\n"

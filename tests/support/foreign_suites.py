"""The test suites of tensorboardX and of torch.utils.tensorboard, run on their own library and on this one.

    python -m tests.support.foreign_suites --original DIR [--torch DIR]

The suites are not part of this repository. DIR of `--original` holds the folder `tests` (and `examples`, if there
is one) of a release of tensorboardX, such as its sdist. DIR of `--torch` holds PyTorch's `test_tensorboard.py` and, in
`expect`, the files `TestTensorBoard.*.expect`. Prints what passes with the suite's own library and not with this one.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from .environments import build
from .original import VERSION
from .tensorboard_server import clean_environment

ROOT = Path(__file__).resolve().parents[2]
# moto 5 has no `mock_s3`, which the tests of the original import. torch is that of the running interpreter.
COMMON = (
    "pytest",
    "moto<5",
    "boto3",
    "moviepy",
    "imageio>=2.29",
    "soundfile",
    "crc32c",
    "expecttest",
    "setuptools",
)

# Where this library has what PyTorch's tests import. What only torch has, such as `int_to_half`, stays.
TORCH_IMPORTS = (
    (r"from tensorboard\.compat\.proto\.(\w+) import", r"from tensorboardX.proto.\1 import"),
    (r"from torch\.utils\.tensorboard import", "from tensorboardX import"),
    (r"from torch\.utils\.tensorboard\._convert_np import", "from tensorboardX.x2num import"),
    (r"from torch\.utils\.tensorboard\._utils import", "from tensorboardX.utils import"),
    (r"from torch\.utils\.tensorboard\._pytorch_graph import", "from tensorboardX.graph.pytorch import"),
    (
        r"( *)from torch\.utils\.tensorboard\.summary import int_to_half, tensor_proto",
        r"\1from torch.utils.tensorboard.summary import int_to_half\n"
        r"\1from tensorboardX.summary.tensor import tensor as tensor_proto",
    ),
)


def with_our_imports(source: str) -> str:
    """Return the text of PyTorch's test module as a test of this library."""
    for pattern, replacement in TORCH_IMPORTS:
        source = re.sub(pattern, replacement, source)
    return source


def run_suite(python: Path | str, home: Path, *paths: str) -> dict[str, str]:
    """Run pytest on paths below `home`. Returns "passed", "skipped" or the first line of the failure of each test.

    Raises RuntimeError with pytest's output if it ran no tests.
    """
    report = home / "report.xml"
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", str(report), *paths]
    done = subprocess.run(command, cwd=home, env=clean_environment(), capture_output=True, text=True, timeout=1800)
    if not report.exists():
        raise RuntimeError(f"pytest ended with {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        failures = [_outcome(child) for child in case if child.tag in ("failure", "error", "skipped")]
        outcome = failures[0] if failures else "passed"
        outcomes[f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name')}"] = outcome
    return outcomes


def compare(theirs: dict[str, str], ours: dict[str, str]) -> list[str]:
    """Return the lines of a report: how many pass with both, and what passes with one only or with neither, and why."""
    passed = [name for name, outcome in theirs.items() if outcome == "passed"]
    missed = [name for name in passed if ours.get(name) != "passed"]
    gained = [name for name, outcome in ours.items() if outcome == "passed" and theirs.get(name) != "passed"]
    lines = [
        f"{len(theirs)} tests: {len(passed)} pass with their own library, {len(passed) - len(missed)} of them here"
    ]
    lines += [f"  only with theirs: {name}: {ours.get(name, 'not run')}" for name in missed]
    lines += [f"  only here: {name}: {theirs.get(name, 'not run')}" for name in gained]
    others = [name for name, outcome in theirs.items() if outcome != "passed" and name not in gained]
    return lines + [f"  with neither: {name}: {theirs[name]}" for name in others]


def _outcome(child: ElementTree.Element) -> str:
    message = (child.get("message") or "").strip().splitlines()
    return "skipped" if child.tag == "skipped" else f"{child.tag}: {message[0] if message else ''}"[:160]


def _original_suite(python: Path, source: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        for folder in ("tests", "examples"):
            if (source / folder).is_dir():
                shutil.copytree(source / folder, home / folder)
        # Its tests are named in both ways.
        return run_suite(python, home, "tests", "-o", "python_files=test_*.py *_test.py")


def _torch_suite(python: Path, source: Path, ours: bool) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        shutil.copytree(source / "expect", home / "expect")
        text = (source / "test_tensorboard.py").read_text(encoding="utf-8")
        (home / "test_tensorboard.py").write_text(with_our_imports(text) if ours else text, encoding="utf-8")
        return run_suite(python, home, "test_tensorboard.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--original", type=Path, help="a release of tensorboardX, with its folder tests")
    parser.add_argument("--torch", type=Path, help="a folder with PyTorch's test_tensorboard.py and expect")
    parser.add_argument("--cache", type=Path, default=ROOT / ".pytest_cache" / "environments", help="of environments")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    original = build(options.cache, (*COMMON, f"tensorboardX==={VERSION}"))
    here = build(options.cache, (*COMMON, "-e", str(ROOT)))
    if options.original:
        suites = [_original_suite(python, options.original.resolve()) for python in (original, here)]
        print("tensorboardX", *compare(*suites), sep="\n", flush=True)
    if options.torch:
        suites = [_torch_suite(python, options.torch.resolve(), python is here) for python in (original, here)]
        print("torch.utils.tensorboard", *compare(*suites), sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())

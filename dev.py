#!/usr/bin/env python3
"""Everything a contributor runs, with nothing but Python installed.

    python dev.py example     train a small network and log it (examples/train_digits.py)
    python dev.py test        lint, types and all tests, as CI runs them
    python dev.py test-fast   the same without the tests marked slow
    python dev.py programs    real programs on this library and on the original, compared (docs/compatibility.md)
    python dev.py format      put the code into its one format
    python dev.py site        build the site of docs/ into build/site

The first call makes the virtual environment `.venv` and installs the package into it, editable; later calls reuse
it until pyproject.toml changes, or this is run by another version of Python. Arguments after the command go to the
example, to pytest, or say which programs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def environment(directory: Path) -> Path:
    """Make or update the virtual environment; return its Python."""
    python = directory / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = directory / "installed"
    version = "{}.{}".format(*sys.version_info[:2])
    wanted = [version, hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()]
    installed = stamp.read_text().split() if stamp.exists() else []
    if installed != wanted or not python.exists():
        if installed[:1] != [version] or not python.exists():
            venv.create(directory, with_pip=True, clear=stamp.exists())  # nothing is cleared that was not made here
            stamp.write_text(version)
        run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1")  # the first that knows groups
        run(python, "-m", "pip", "install", "--quiet", "--editable", ".", "--group", "dev")
        stamp.write_text("\n".join(wanted))
    return python


def run(python: Path, *arguments: str) -> None:
    """Run Python in the repository; leave with its exit status unless that is 0."""
    status = subprocess.run([str(python), *arguments], cwd=ROOT).returncode
    if status:
        sys.exit(status)


def check(python: Path, *pytest_arguments: str) -> None:
    run(python, "-m", "ruff", "check", ".")
    run(python, "-m", "ruff", "format", "--check", ".")
    run(python, "-m", "mypy")
    run(python, "-c", "from importlinter.cli import lint_imports_command as lint; lint()")
    run(python, "-m", "pytest", "-n", "2", *pytest_arguments)


def main() -> None:
    if sys.version_info < (3, 10):  # noqa: UP036 (this file runs before anything has looked at requires-python)
        sys.exit("dev.py needs Python 3.10 or newer")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="directory of the virtual environment")
    commands = ("example", "test", "test-fast", "programs", "format", "site")
    parser.add_argument("command", choices=commands)
    options, rest = parser.parse_known_args()
    python = environment(options.venv)
    if options.command == "example":
        run(python, "examples/train_digits.py", *rest)
    elif options.command == "programs":
        run(python, "tests/programs", *rest)
    elif options.command == "format":
        run(python, "-m", "ruff", "check", "--fix", ".")
        run(python, "-m", "ruff", "format", ".")
    elif options.command == "site":
        os.environ["NO_MKDOCS_2_WARNING"] = "1"  # an advertisement, which is no warning about the site
        run(python, "-m", "mkdocs", "build", "--strict", *rest)
    else:
        check(python, *(["-m", "not slow"] if options.command == "test-fast" else []), *rest)


if __name__ == "__main__":
    main()

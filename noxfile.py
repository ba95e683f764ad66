"""The matrix: Python versions, times the oldest and the newest packages that pyproject.toml allows.

    nox                        # both corners on this Python, the wheel, the types of a user's calls: what CI runs
    nox -s oldest newest       # both corners on every Python that is installed
    nox -s oldest-3.12 -- -x   # one of them, with arguments for pytest

Each corner installs the built wheel into an environment of its own, with the four required packages at their lower
bound ("oldest") or at their newest release, and runs tests that need no framework. uv finds the oldest release that has
a wheel for the Python; on a newer Python this is newer than the lower bound.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
THIS_PYTHON = "{}.{}".format(*sys.version_info[:2])
PROJECT = nox.project.load_toml("pyproject.toml")
REQUIRED = PROJECT["project"]["dependencies"]
ONLY_WHEELS = ["--only-binary", "numpy,protobuf,pillow,crc32c"]
# Before 2.21, TensorBoard imports pkg_resources, which setuptools had until 81. Newer ones need protobuf 6.
TOOLS = ["pytest>=8.3", "hypothesis>=6.100", "filelock>=3.12", "fsspec>=2023.10", "tensorboard>=2.14", "setuptools<81"]
TESTS = ["tests/proto", "tests/records", "tests/test_goldens.py", "tests/test_names.py", "tests/reader/test_scalars.py"]
NEEDS_TORCH = ["--deselect", "tests/test_goldens.py::test_the_summary_is_the_golden_one[tensor/bfloat16]"]

nox.options.default_venv_backend = "uv"
nox.options.sessions = [f"oldest-{THIS_PYTHON}", f"newest-{THIS_PYTHON}", "package", "types"]
nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS)
def oldest(session: nox.Session) -> None:
    """Test the wheel with the oldest packages."""
    corner(session, "lowest-direct")


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """Test the wheel with the newest packages."""
    corner(session, "highest")


def corner(session: nox.Session, resolution: str) -> None:
    wheel = build(session, "--wheel")
    session.install("--resolution", resolution, *ONLY_WHEELS, str(wheel), *REQUIRED)
    installed = session.run("uv", "pip", "freeze", external=True, silent=True) or ""
    session.log("with %s", " ".join(line for line in installed.split("\n") if "==" in line))
    constraints = Path(session.create_tmp(), "constraints.txt")
    constraints.write_text("\n".join(line for line in installed.split("\n") if "==" in line), encoding="utf-8")
    session.install("--constraint", str(constraints), *TOOLS)
    session.env["PYTHONPATH"] = ""  # the wheel is tested, and not src/
    options = ["-q", "-p", "no:cacheprovider", "-m", "not slow", *NEEDS_TORCH]
    session.run("python", "-m", "pytest", *options, *TESTS, *session.posargs)


def build(session: nox.Session, *kinds: str) -> Path:
    """Build the distribution; return the first of its files."""
    out = Path(session.create_tmp(), "dist").resolve()
    session.run("uv", "build", "--quiet", *kinds, "--clear", "--out-dir", str(out), external=True)
    return sorted(out.glob("tensorboardx-*"))[0]


@nox.session
def package(session: nox.Session) -> None:
    """Check with twine what an index would show of the source distribution, and of the wheel built from it."""
    session.install("twine")
    out = build(session).parent
    files = [str(path) for path in sorted(out.glob("tensorboardx-*"))]
    session.run("twine", "check", "--strict", *files)


@nox.session
def types(session: nox.Session) -> None:
    """Check a file of a user's calls with mypy and pyright, against the installed wheel."""
    wheel = build(session, "--wheel")
    session.install(str(wheel), "mypy", "pyright", "matplotlib", "types-protobuf")
    session.env["PYTHONPATH"] = ""
    session.run("mypy", "--strict", "--config-file", "", "tests/typing/user_calls.py")
    session.run("pyright", "--pythonpath", str(Path(session.bin, "python")), "tests/typing/user_calls.py")

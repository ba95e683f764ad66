"""Virtual environments of the programs: built once, kept, and checked."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock
from support.original import VERSION as ORIGINAL
from support.tensorboard_server import clean_environment

from .catalogue import Program

ROOT = Path(__file__).resolve().parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
ALWAYS_LINKED = ("numpy", "pillow")  # required by tensorboardX
INSTALL_SECONDS = 1200


def build_wheel(cache: Path) -> Path:
    """Build the wheel of the working tree in `cache`."""
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        _pip("wheel", "--no-deps", "--wheel-dir", directory, str(ROOT))
        wheel = next(Path(directory).glob("tensorboardx-*.whl"))
        return wheel.rename(cache / wheel.name)  # replaces the last one at once


def find_original(cache: Path) -> Path:
    """The directory below `cache` with the original tensorboardX and packaging, which it requires, for PYTHONPATH."""
    home = cache / f"original-{ORIGINAL}"
    with FileLock(f"{home}.lock", timeout=INSTALL_SECONDS):
        if not (home / "ready").exists():
            # `===`: a plain `==2.6.5` would also accept a local version such as 2.6.5+dropin.1.
            _pip("install", "--no-deps", "--upgrade", "--target", str(home), f"tensorboardX==={ORIGINAL}", "packaging")
            (home / "ready").touch()
    return home


def build(cache: Path, program: Program, wheel: Path) -> Path:
    """Return the interpreter of the program's environment below `cache`, with the wheel installed.

    Our distribution is installed before the program, so that pip could replace it, and has to be there afterwards.
    Raises RuntimeError with pip's output if an installation or `pip check` fails.
    """
    parts = [sys.version, sys.prefix, *program.requirements, "--no-deps", *program.alone]
    home = cache / f"{program.name}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:8]}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    with FileLock(f"{home}.lock", timeout=INSTALL_SECONDS):
        installed, wanted = home / "installed", hashlib.sha256(wheel.read_bytes()).hexdigest()
        if not installed.exists():
            _create(cache, home, python, program, wheel)
        elif installed.read_text() != wanted:
            _pip("install", "--no-deps", "--force-reinstall", str(wheel), python=python)
        _check(python, program, wheel)
        installed.write_text(wanted)
    return python


def _create(cache: Path, home: Path, python: Path, program: Program, wheel: Path) -> None:
    _run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(home)])
    here = [name for name in program.requirements if re.fullmatch(r"[\w.-]+", name)]
    linked = _link(cache, [*ALWAYS_LINKED, *here])
    packages = next(home.glob("lib*/**/site-packages"))
    (packages / "linked.pth").write_text(f"{linked}\n", encoding="utf-8")
    _pip("install", str(wheel), python=python)
    # Some programs admit a newer torch than the one linked here, which would be a download of gigabytes.
    constraints = home / "constraints.txt"
    constraints.write_text(f"torch=={_version('torch').partition('+')[0]}\n", encoding="utf-8")
    if program.requirements:
        _pip("install", "--constraint", str(constraints), *program.requirements, python=python)
    if program.no_deps:
        _pip("install", "--no-deps", *program.no_deps, python=python)
    if program.refused_by_pip:
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
        _run([*uv, "--no-deps", *program.refused_by_pip])


def _check(python: Path, program: Program, wheel: Path) -> None:
    """Raise RuntimeError unless `pip check` is clean and tensorboardX is the one of the wheel."""
    done = _complete([*PIP, "--python", str(python), "check"])
    alone = [re.split("[=<>~]", name)[0].lower() for name in program.alone]
    conflicts = [line for line in done.stdout.splitlines() if line.split(" ")[0].lower() not in alone]
    if done.returncode and (conflicts or not alone):
        raise RuntimeError(f"pip check: {conflicts}\n{done.stderr}")
    code = "import importlib.metadata as m; print(m.version('tensorboardX'))"
    found = _run([str(python), "-I", "-c", code]).strip()
    if found != wheel.name.split("-")[1].replace("_", "+"):
        raise RuntimeError(f"pip replaced {wheel.name} by tensorboardX {found}")


def _link(cache: Path, names: Sequence[str]) -> Path:
    """A directory with links to these distributions of the running interpreter and to all that they require."""
    found = {dist.name.lower(): dist for name in names for dist in _with_requirements(name)}
    key = hashlib.sha256(repr([sys.prefix, *sorted(f"{d.name}-{d.version}" for d in found.values())]).encode())
    linked = cache / f"linked-{key.hexdigest()[:8]}"
    linked.mkdir(exist_ok=True)
    for dist in found.values():
        tops = {file.parts[0] for file in dist.files or ()} - {"..", "__pycache__"}
        for top in tops:
            target = Path(str(dist.locate_file(top)))
            if target.exists() and not (linked / top).is_symlink():
                (linked / top).symlink_to(target)
    return linked


def _with_requirements(name: str, seen: set[str] | None = None) -> Iterator[importlib.metadata.Distribution]:
    """The distribution of this name and those that it requires; nothing if it is not installed here."""
    seen = set() if seen is None else seen
    if name.lower() in seen:
        return
    seen.add(name.lower())
    try:
        dist = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return
    yield dist
    for requirement in dist.requires or ():
        if "extra ==" not in requirement:  # other markers are left to the question whether it is installed
            yield from _with_requirements(re.split(r"[^\w.-]", requirement, maxsplit=1)[0], seen)


def _version(name: str) -> str:
    return importlib.metadata.version(name)


def _pip(*arguments: str, python: Path | None = None) -> None:
    target = [] if python is None else ["--python", str(python)]
    _run([*PIP, *target, arguments[0], "--quiet", *arguments[1:]])


def _run(command: list[str]) -> str:
    done = _complete(command)
    if done.returncode != 0:
        output = f"{done.stdout[-2000:]}{done.stderr[-4000:]}"
        raise RuntimeError(f"{' '.join(command[:12])} ended with {done.returncode}\n{output}")
    return done.stdout


def _complete(command: list[str]) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_CERT_"))}
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=clean_environment() | settings,
        timeout=INSTALL_SECONDS,
    )

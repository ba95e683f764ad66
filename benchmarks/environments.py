"""The interpreters that the benchmark runs: one virtual environment for each library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVS = ROOT / "benchmarks" / ".envs"

TORCH = "torch==2.13.0"
PACKAGES = {
    # scikit-learn has the photograph that is logged, matplotlib draws the plot.
    "ours": [TORCH, "tensorboard", "scikit-learn", "matplotlib"],
    # crc32c, which the original does not ask for, computes the checksums where it is installed: each peer at its best.
    # moviepy 2 asks for an old Pillow, and has no moviepy.editor, which torch.utils.tensorboard imports.
    "tensorboardX": ["tensorboardX==2.6.5", TORCH, "tensorboard", "moviepy<2", "soundfile", "crc32c"],
    "torch": [TORCH, "tensorboard", "moviepy<2"],
    # For `python -m benchmarks.reading`: the other readers, beside this library.
    "reading": ["tensorboard==2.21", "tbparse==0.0.9"],
}
WITH_OURS = ("ours", "reading")


@dataclass(frozen=True)
class Interpreter:
    """A Python executable and the environment variables that it needs to import its library."""

    python: str
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        """Variables for a child process. The caller's own PYTHONPATH is left out: it could shadow a peer."""
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {**inherited, **self.variables, **(extra or {})}


def _python_in(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _pip(python: Path, *arguments: str) -> None:
    subprocess.run([str(python), "-m", "pip", "--quiet", *arguments], check=True)


def build(name: str) -> Interpreter:
    """Create the virtual environment of one library where it is missing, and install the working tree anew in ours."""
    folder = ENVS / name
    python = _python_in(folder)
    done = folder / "installed.txt"
    wanted = "\n".join(PACKAGES[name])
    if not done.exists() or done.read_text() != wanted:
        print(f"building {folder.relative_to(ROOT)}: {', '.join(PACKAGES[name])}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        _pip(python, "install", *PACKAGES[name])
        done.write_text(wanted)
    if name in WITH_OURS:
        _pip(python, "uninstall", "--yes", "tensorboardX")
        _pip(python, "install", str(ROOT))
    return Interpreter(str(python))


def reuse(name: str, python: str) -> Interpreter:
    """An interpreter that is ready: ours imports the working tree from src/."""
    return Interpreter(os.path.abspath(python), {"PYTHONPATH": str(ROOT / "src")} if name == "ours" else {})


def interpreters(ready: dict[str, str], wanted: list[str]) -> dict[str, Interpreter]:
    """Interpreters by library name; `ready` maps names to executables that need no building."""
    found = {name: reuse(name, ready[name]) if name in ready else build(name) for name in wanted}
    found["floor"] = found["ours"]
    return found


def versions(interpreter: Interpreter) -> dict[str, str]:
    """Versions of the packages that matter, as the interpreter itself reports them."""
    names = ("tensorboardX", "torch", "tensorboard", "numpy", "protobuf", "pillow", "crc32c", "moviepy", "tbparse")
    code = (
        "import importlib.metadata as m, json, platform\n"
        "found = {'python': platform.python_version()}\n"
        f"for name in {names!r}:\n"
        "    try: found[name] = m.version(name)\n"
        "    except m.PackageNotFoundError: pass\n"
        "print(json.dumps(found))"
    )
    command = [interpreter.python, "-c", code]
    out = subprocess.run(command, env=interpreter.environment(), capture_output=True, text=True, check=True, cwd=ENVS)
    return dict(json.loads(out.stdout))

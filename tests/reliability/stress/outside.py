"""What is done to a life from outside, while it goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .plan import Disturbance, Life

BALLAST = "ballast"


def session(leader: int) -> list[int]:
    """Return the processes of a session that are alive: also those whose first thread alone has ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            state, number, threads = fields[0], int(fields[3]), int(fields[17])
            if number == leader and (state not in "ZX" or threads > 1):
                found.append(int(path.parent.name))
    return sorted(found)


class Outside:
    """The surroundings of a life in a directory of its own.

    Attributes:
        logs: the directory that holds its runs.
        kept: what was removed or moved away meanwhile, as directories that hold runs too.
    """

    def __init__(self, life: Life, directory: Path) -> None:
        self.logs = directory / "logs"
        self.kept: list[Path] = []
        self._life = life
        self._directory = directory
        self._removed: list[tuple[Path, int]] = []
        self.logs.mkdir()
        if life.store == "disk":
            mount = ["mount", "-t", "tmpfs", "-o", f"size={life.size}", "tmpfs", str(self.logs)]
            subprocess.run(mount, check=True)

    def disturb(self, disturbance: Disturbance, pid: int) -> None:
        """Do it, to the life whose first process is `pid`, the leader of its session."""
        with contextlib.suppress(ProcessLookupError):
            getattr(self, f"_{disturbance.do}")(disturbance, pid)

    def _signal(self, disturbance: Disturbance, pid: int) -> None:
        os.kill(pid, signal.Signals[disturbance.target])

    def _suspend(self, disturbance: Disturbance, pid: int) -> None:
        members = session(pid)
        pids = {"all": members, "first": [pid], "last": members[-1:]}[disturbance.target]
        for number, seconds in ((signal.SIGSTOP, disturbance.seconds), (signal.SIGCONT, 0.0)):
            for each in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, number)
            time.sleep(seconds)

    def _fill(self, disturbance: Disturbance, pid: int) -> None:
        with open(self.logs / BALLAST, "wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(bytes(4096)):
                pass

    def _free(self, disturbance: Disturbance, pid: int) -> None:
        (self.logs / BALLAST).unlink(missing_ok=True)

    def _move(self, disturbance: Disturbance, pid: int) -> None:
        kept = self._keep()
        with contextlib.suppress(FileNotFoundError):
            (self.logs / disturbance.target).rename(kept / disturbance.target)

    def _remove(self, disturbance: Disturbance, pid: int) -> None:
        """Remove a run, as `rm -r` does; what is in its files, and is still written to them, can be read later."""
        kept = self._keep()
        run = self.logs / disturbance.target
        for path in run.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    self._removed.append((kept / path.relative_to(self.logs), os.open(path, os.O_RDONLY)))
                    path.unlink()
        for path in sorted(run.rglob("*"), reverse=True):
            with contextlib.suppress(OSError):  # it is in use again
                path.rmdir()
        with contextlib.suppress(OSError):
            run.rmdir()

    def _keep(self) -> Path:
        kept = self._directory / f"kept{len(self.kept)}"
        kept.mkdir()
        self.kept.append(kept)
        return kept

    def settle(self) -> None:
        """Once the life has ended: let the files that were removed be read."""
        for path, descriptor in self._removed:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(descriptor, "rb") as removed:
                path.write_bytes(removed.read())
        self._removed = []

    def clear(self) -> None:
        """Leave nothing behind but the directory itself."""
        if self._life.store == "disk":
            subprocess.run(["umount", "-l", str(self.logs)], check=False)

    def discard(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._directory, ignore_errors=True)  # a process may still be ending

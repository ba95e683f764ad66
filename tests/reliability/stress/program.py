"""What is run for each life, `python -m stress.program`, and imported by multiprocessing's children of it."""

from __future__ import annotations

import multiprocessing

from . import life

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    life.main()

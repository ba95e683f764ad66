#!/usr/bin/env python3
"""Write the golden files anew and say which changed: `python tests/goldens/regenerate.py`.

Look at the difference before you commit it.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from goldens.cases import CASES
from goldens.files import DIRECTORY, path_of, recorded_names, rendered


def main() -> None:
    logging.disable(logging.WARNING)  # values out of range are part of the cases
    for name in CASES:
        path = path_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        before, now = path.read_text(encoding="utf-8") if path.exists() else None, rendered(name)
        if now != before:
            path.write_text(now, encoding="utf-8", newline="\n")
            print("new" if before is None else "changed", path.relative_to(DIRECTORY))
    for name in recorded_names() - set(CASES):
        path_of(name).unlink()
        print("removed", path_of(name).relative_to(DIRECTORY))


if __name__ == "__main__":
    main()

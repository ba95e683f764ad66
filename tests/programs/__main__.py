"""`python tests/programs`: see command.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # where pytest finds `support` and `programs` too

from programs.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())

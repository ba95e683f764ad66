"""Run the Python blocks of a page, one after the other: `python run_page.py PAGE`. Prints how many there are.

What a block needs and a reader need not see is in a comment before it, `<!--- invisible-code-block: python ... --->`.
`<!-- skip: next -->` leaves out the next block. Both are those of Sybil:
https://sybil.readthedocs.io/en/latest/markdown.html
"""

from __future__ import annotations

import sys
from pathlib import Path

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser


def main() -> None:
    examples = list(Sybil([PythonCodeBlockParser(), SkipParser()]).parse(Path(sys.argv[1])).examples())
    for example in examples:
        example.evaluate()
    print(len(examples))


if __name__ == "__main__":
    main()

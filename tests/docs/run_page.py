"""Run the blocks of a page, one after the other: `python run_page.py PAGE`. Prints how many there are.

They are those of Python, and of `console` and `sh`; of the commands in these, `tensorboardx` and `rm -r` are run. What
a block needs and a reader need not see is in a comment before it, `<!--- invisible-code-block: python ... --->`.
`<!-- skip: next -->` leaves out the next block. Both are those of Sybil:
https://sybil.readthedocs.io/en/latest/markdown.html
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from tensorboardX.cli.main import main as tensorboardx


def main() -> None:
    commands = [CodeBlockParser(language, run_commands) for language in ("console", "sh")]
    parsers = [PythonCodeBlockParser(), *commands, SkipParser()]
    examples = list(Sybil(parsers).parse(Path(sys.argv[1])).examples())
    for example in examples:
        example.evaluate()
    print(len(examples))


def run_commands(example: Example) -> None:
    for line in example.parsed.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:1] == ["tensorboardx"]:
            code = tensorboardx(words[1:])
            if code:
                raise RuntimeError(f"{line}: ended with {code}")
        elif words[:2] == ["rm", "-r"]:
            shutil.rmtree(words[2])


if __name__ == "__main__":
    main()

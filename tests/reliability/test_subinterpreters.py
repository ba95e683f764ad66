"""A subinterpreter, as mod_wsgi and uWSGI use them, ends without ending the process, and with everything written."""

import pytest
from judge import steps
from processes import run

pytest.importorskip("_testcapi")

PROGRAM = '''
import sys
from test.support import run_in_subinterp

code = f"""
import atexit, sys, warnings
warnings.simplefilter("ignore")  # NumPy's of subinterpreters
sys.path[:] = {sys.path}
atexit.register(lambda: writer.add_scalar("a", 1.0, 100))  # called after ours
from tensorboardX import SummaryWriter
writer = SummaryWriter({sys.argv[1]!r})
for step in range(100): writer.add_scalar("a", 1.0, step)
{sys.argv[2]}
"""
assert run_in_subinterp(code) == 0
print("the process goes on")
'''


LASTS = [
    "",
    "writer.close()",
    "writer.add_scalars('b', {'x': 1.0}, 1)",
    "writer.add_image('b', [[[0.0] * 500] * 500], 1)",  # has another thread encode it
    "del writer, step",
]


@pytest.mark.parametrize("last", LASTS)
def test_subinterpreter_ends(tmp_path, last):
    done = run(tmp_path, PROGRAM, tmp_path / "run", last, prelude="")
    assert done.stdout == "the process goes on\n", done.stderr
    assert steps(tmp_path / "run") == list(range(100 if "del" in last else 101))

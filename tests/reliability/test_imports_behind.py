"""The threads behind the callers import nothing: a fork inherits the lock of a module that its parent was importing.

Nobody releases that lock in the child, which hangs as soon as it imports the module too, for example to open an image.
"""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from processes import PRELUDE, environment, run
from test_fork import JOIN, needs_fork

from tensorboardX import SummaryWriter

pytest.importorskip("torch")


@needs_fork
def test_no_method_leaves_an_import_to_the_thread(tmp_path):
    """Each in a process that has imported nothing but us, so that none lives on what another one has imported."""
    with SummaryWriter(tmp_path / "pickled") as writer:
        (tmp_path / "pickle").write_bytes(pickle.dumps(writer))
    (tmp_path / "runs").mkdir()
    program = Path(__file__).with_name("import_watch.py")
    command = [sys.executable, str(program), str(tmp_path / "runs"), str(tmp_path / "pickle")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment(), cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    found = dict(map(json.loads, done.stdout.splitlines()))
    assert found.pop("uncovered") == []
    assert len(found) > 60
    assert {name: modules for name, modules in found.items() if modules} == {}


PICTURES = """
import numpy as np
from PIL import Image
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c636000000002000148afa471"
    "0000000049454e44ae426082"
)

def open_picture():
    import io
    assert Image.open(io.BytesIO(PNG)).getpixel((0, 0)) == 0
"""


@needs_fork
def test_a_child_forked_during_the_first_image_can_open_images(tmp_path):
    """Were the thread to import a codec, the fork would come in the middle of that."""
    script = """
        importing = threading.Event()
        class SlowFinder:
            def find_spec(name, path=None, target=None):
                if threading.current_thread() is not threading.main_thread():
                    importing.set()
                    time.sleep(0.5)
        sys.meta_path.insert(0, SlowFinder)
        writer = SummaryWriter(sys.argv[1])
        writer.add_image("a", np.zeros((3, 8, 8), np.uint8), 1)
        importing.wait(1)
        pid = os.fork()
        if pid == 0:
            open_picture()
            os._exit(0)
        assert join(pid) == 0
    """
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE + JOIN + PICTURES)
    assert done.returncode == 0, done.stderr


@needs_fork
@pytest.mark.slow
def test_two_hundred_forks_around_the_first_image(tmp_path):
    """Each parent is itself a fork of a process that has imported nothing, at another moment after its first image."""
    script = """
        for number in range(200):
            mother = os.fork()
            if mother == 0:
                writer = SummaryWriter(f"{sys.argv[1]}/{number}")
                writer.add_image("a", np.zeros((3, 8, 8), np.uint8), 1)
                time.sleep(number / 200 * 0.08)
                pid = os.fork()
                if pid == 0:
                    open_picture()
                    os._exit(0)
                status = join(pid)
                writer.close()
                os._exit(status)
            assert join(mother, 40) == 0, f"fork {number}"
    """
    done = run(tmp_path, script, tmp_path / "run", timeout=200, prelude=PRELUDE + JOIN + PICTURES)
    assert done.returncode == 0, done.stderr
    assert len(os.listdir(tmp_path / "run")) == 200

"""What `pip install` brings, and what `import tensorboardX` costs in modules."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEVER_IMPORTED = ["torch", "tensorflow", "matplotlib", "boto3", "google.cloud", "comet_ml", "moviepy", "soundfile"]

LOG_SOMETHING = """
import sys, json, tensorboardX, numpy
with tensorboardX.SummaryWriter(sys.argv[1]) as writer:
    writer.add_scalar("a", 1.0, 1)
    writer.add_histogram("b", [1, 2, 3], 1)
    writer.add_image("c", numpy.zeros((3, 4, 4)), 1)
print(json.dumps(sorted(sys.modules)))
"""


def _imported(python: str, logdir: Path) -> set[str]:
    done = subprocess.run([python, "-c", LOG_SOMETHING, str(logdir)], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_and_logging_import_no_framework(tmp_path):
    assert not _imported(sys.executable, tmp_path).intersection(NEVER_IMPORTED)


@pytest.mark.slow
def test_installing_into_a_fresh_environment_brings_four_packages(tmp_path):
    venv.create(tmp_path / "venv")
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python]  # one more pip would take long to install
    subprocess.run([*pip, "install", "--quiet", "--no-compile", str(ROOT)], check=True)
    listed = subprocess.run([*pip, "list", "--format=json"], capture_output=True, text=True, check=True)
    installed = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert installed == {"tensorboardx", "numpy", "protobuf", "crc32c", "pillow"}
    assert not _imported(python, tmp_path / "run").intersection(NEVER_IMPORTED)


def test_the_distribution_satisfies_what_downstream_projects_require():
    from importlib.metadata import version

    from packaging.specifiers import SpecifierSet

    import tensorboardX

    assert version("tensorboardX") == tensorboardX.__build__
    assert tensorboardX.__build__ in SpecifierSet(">=2.2,<3")

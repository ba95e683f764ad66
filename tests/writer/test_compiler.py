"""torch.compile runs what logs as it is: it compiles no frame of ours, and breaks the graph once for each call."""

import subprocess
import sys

import pytest
from support import events

from tensorboardX import FileWriter, GlobalSummaryWriter, SummaryWriter, summary
from tensorboardX.testing import read_events

torch = pytest.importorskip("torch")
convert_frame = pytest.importorskip("torch._dynamo.convert_frame")

LAYER = torch.nn.Linear(4, 2)


@pytest.fixture
def compiled(monkeypatch):
    """The names of the functions that dynamo compiles, with their files."""
    found = []
    compile_frame = convert_frame._compile

    def watched(code, *arguments, **options):
        found.append((code.co_filename, code.co_name))
        return compile_frame(code, *arguments, **options)

    monkeypatch.setattr(convert_frame, "_compile", watched)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield found
    torch._dynamo.reset()


def train(step):
    """Run a step for several batches, compiled."""
    optimized = torch.compile(step, backend="eager", dynamic=True)
    for number in range(2, 8):
        optimized(torch.full((3, 4), float(number)), number)


def breaks():
    return sum(torch._dynamo.utils.counters["graph_break"].values())


def test_methods_of_a_summary_writer(tmp_path, compiled, recwarn):
    with SummaryWriter(tmp_path) as writer:

        def step(x, number):
            y = LAYER(x).sin()
            writer.add_scalar("mean", y.mean(), number)
            writer.add_scalars("both", {"a": x.sum(), "b": y.sum()}, number)
            writer.add_histogram("y", y, number)
            writer.add_image("image", y.detach().abs()[None].clamp(0, 1), number)
            writer.add_scalar("step", number, number)
            return y * 2

        train(step)
    assert {file for file, _ in compiled} == {__file__}
    assert breaks() <= 5 * sum(name == "step" for _, name in compiled)  # once a call each time that it is compiled
    assert [step for tag, step, _ in events.scalars(tmp_path) if tag == "mean"] == list(range(2, 8))
    assert [value for tag, _, value in events.scalars(tmp_path) if tag == "step"] == list(range(2, 8))
    assert [value for _, _, value in events.scalars(tmp_path / "both" / "a")] == [12.0 * n for n in range(2, 8)]
    assert not [warning for warning in recwarn if "lru_cache" in str(warning.message)]


def test_other_writers(tmp_path, compiled):
    with GlobalSummaryWriter(tmp_path / "global") as shared:
        plain = FileWriter(tmp_path / "plain")

        def step(x, number):
            shared.add_scalar("sum", x.sum())
            plain.add_summary(SUMMARY, number)
            plain.event_writer.flush()
            return x * 2

        train(step)
        plain.close()
    assert {file for file, _ in compiled} == {__file__}
    assert [value for _, _, value in events.scalars(tmp_path / "global")] == [12.0 * n for n in range(2, 8)]
    assert [event.step for event in read_events(tmp_path / "plain")] == list(range(2, 8))


SUMMARY = summary.scalar("a", 1.0)


def test_frames_that_dynamo_gives_up(tmp_path, compiled):
    """It runs them as they are, and looks at every function that they call."""
    with SummaryWriter(tmp_path) as writer:

        def step(x, number):
            for value in generated(x):
                writer.add_scalar("a", value, number)
                sys._getframe()
            return x * 2

        def generated(x):
            yield x.sum()

        train(step)
    assert not [file for file, _ in compiled if "tensorboardX" in file]
    assert [value for _, _, value in events.scalars(tmp_path)] == [12.0 * n for n in range(2, 8)]


def test_torch_may_be_imported_after_a_writer_was_made(tmp_path):
    program = """
        import sys
        from tensorboardX import SummaryWriter
        writer = SummaryWriter(sys.argv[1])
        assert "torch" not in sys.modules
        import torch
        import torch._dynamo.convert_frame as convert_frame
        compile_frame, found = convert_frame._compile, []
        def watched(code, *arguments, **options):
            found.append(code.co_filename)
            return compile_frame(code, *arguments, **options)
        convert_frame._compile = watched
        def step(x, number):
            writer.add_scalar("a", x.sum(), number)
            return x * 2
        optimized = torch.compile(step, backend="eager")
        for number in range(3): optimized(torch.ones(2), number)
        writer.close()
        assert found and set(found) == {"<string>"}, found
    """
    text = "\n".join(line[8:] for line in program.splitlines())
    done = subprocess.run([sys.executable, "-c", text, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [value for _, _, value in events.scalars(tmp_path)] == [2.0] * 3

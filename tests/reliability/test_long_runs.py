"""What a run costs that goes on and on, or has hundreds of sub-runs: memory, threads, descriptors."""

import os
import threading

import pytest
from judge import event_files, scalars, steps
from processes import run

from tensorboardX import SummaryWriter
from tensorboardX.storage.descriptors import MOST_OPEN
from tensorboardX.storage.local import LocalFile

GROWTH = """
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    count, tags = int(sys.argv[2]), [f"group{n % 10}/tag{n}" for n in range(100)]
    writer = SummaryWriter(sys.argv[1])
    most = before = 0
    for step in range(count // 100):
        for tag in tags:
            writer.add_scalar(tag, 1.0, step)
        if step == 1000:
            before = resident()
        elif step % 100 == 0:
            most = max(most, resident())
    writer.close()
    print(most - before, writer.stats.written)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="measures memory as Linux tells it")
@pytest.mark.parametrize("count", [500_000, pytest.param(10_000_000, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_length_of_a_run(tmp_path, count, record_property):
    done = run(tmp_path, GROWTH, tmp_path / "run", count, timeout=280)
    assert done.returncode == 0, done.stderr
    grown, written = map(int, done.stdout.split())
    record_property("grown_bytes", grown)
    print(f"{count} scalars: {grown / 1e6:.1f} MB more than after the first 100,000")
    assert written == count
    assert grown <= 10e6


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors as Linux tells them")
def test_five_hundred_sub_runs_cost_one_thread_and_few_descriptors(tmp_path):
    threads, before = threading.active_count(), descriptors()
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalars("loss", {str(number): 1.0 for number in range(500)}, step)
            writer.flush()
            assert descriptors() - before <= 64
            assert threading.active_count() - threads <= 1
    assert descriptors() == before
    assert threading.active_count() == threads or not writer.all_writers
    assert len(event_files(tmp_path)) == 501  # each went on in its own file
    assert sorted(steps(tmp_path, "loss")) == sorted([0, 1, 2] * 500)


def test_a_process_out_of_descriptors_goes_on(tmp_path):
    script = """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
        writer = SummaryWriter(sys.argv[1])
        for step in range(3):
            writer.add_scalars("loss", {str(number): 1.0 for number in range(100)}, step)
            writer.flush()
        writer.close()
        print(writer.stats.written, writer.stats.errors)
    """
    done = run(tmp_path, script, tmp_path / "run")
    assert done.stdout.split() == ["300", "0"], done.stderr
    assert len(event_files(tmp_path / "run")) == 101


def park(file: LocalFile, directory) -> None:
    """Use so many others that this one is closed."""
    others = [LocalFile(str(directory / f"other{number}")) for number in range(MOST_OPEN)]
    assert file.fileno() == -1
    for other in others:
        other.close()


def test_a_parked_file_is_appended_to(tmp_path):
    file = LocalFile(str(tmp_path / "file"))
    file.write(b"before ")
    park(file, tmp_path)
    assert not file.is_lost()
    file.write(b"after")
    file.sync()
    file.close()
    assert (tmp_path / "file").read_bytes() == b"before after"


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes() + b"more"),
        lambda path: path.write_bytes(b""),
        lambda path: (path.rename(f"{path}.old"), path.write_bytes(b"before ")),
    ],
    ids=["deleted", "grown", "truncated", "replaced"],
)
def test_a_parked_file_that_was_changed_is_not_touched(tmp_path, change):
    file = LocalFile(str(tmp_path / "file"))
    file.write(b"before ")
    park(file, tmp_path)
    change(tmp_path / "file")
    content = (tmp_path / "file").read_bytes() if (tmp_path / "file").exists() else None
    assert file.is_lost()
    with pytest.raises(OSError, match="file"):
        file.write(b"after")
    file.close()
    assert content is None or (tmp_path / "file").read_bytes() == content


def test_a_sub_run_whose_parked_file_was_changed_goes_on_in_a_new_one(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("loss", {str(number): 1.0 for number in range(100)}, 0)
        writer.flush()
        (path,) = event_files(tmp_path / "loss" / "0")
        path.write_bytes(path.read_bytes() + b"torn")
        writer.add_scalars("loss", {str(number): 1.0 for number in range(100)}, 1)
    assert len(event_files(tmp_path / "loss" / "0")) == 2
    assert len(event_files(tmp_path / "loss" / "1")) == 1
    assert len(scalars(tmp_path)) == 200
    assert path.read_bytes().endswith(b"torn")


def test_files_are_parked_only_by_the_thread_that_used_them_last(tmp_path):
    mine = LocalFile(str(tmp_path / "mine"))
    made = []

    def use_many():
        made.extend(LocalFile(str(tmp_path / f"theirs{number}")) for number in range(2 * MOST_OPEN))

    thread = threading.Thread(target=use_many)
    thread.start()
    thread.join()
    assert mine.fileno() >= 0
    assert sum(file.fileno() >= 0 for file in made) <= MOST_OPEN
    for file in (mine, *made):
        file.close()

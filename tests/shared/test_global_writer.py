"""Many processes log to one run: every event once, and the steps of a tag go up."""

from __future__ import annotations

import itertools
import pickle
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import served, stock
from support.shared_runs import event_file, run, scalars, steps

from tensorboardX import FileWriter, GlobalSummaryWriter, SummaryWriter, global_writer
from tensorboardX.record_writer import REGISTERED_FACTORIES, register_writer_factory
from tensorboardX.storage import locks
from tensorboardX.summary import scalar
from tensorboardX.testing import FaultyStore, read_events

pytestmark = pytest.mark.skipif(not locks.HAS_SHARED_LOCKS, reason="processes share no files here")

sharing_and_not = pytest.mark.parametrize("share", [True, False], ids=["shared", "unshared"])

# ---- many processes

FORKED_POOL = """
    writer = GlobalSummaryWriter(sys.argv[1])

    def train(x):
        writer.add_scalar("poolmap/1", x)
        time.sleep(0.001 * random.randrange(10))
        writer.add_scalar("poolmap/2", x)

    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(train, range(100))
"""
POOL_OF_COPIES = """
    def train(writer, x):
        writer.add_scalar("poolmap/1", x)
        writer.add_scalar("poolmap/2", x)

    if __name__ == "__main__":
        writer = GlobalSummaryWriter(sys.argv[1])
        with multiprocessing.get_context(sys.argv[2]).Pool(3) as pool:
            pool.map(partial(train, writer), range(100))
"""
POOL_OF_MODULES = """
    writer = GlobalSummaryWriter(sys.argv[1])  # also in each child, which imports this module

    def train(x):
        writer.add_scalar("poolmap/1", x)
        writer.add_scalar("poolmap/2", x)

    if __name__ == "__main__":
        with multiprocessing.get_context(sys.argv[2]).Pool(3) as pool:
            pool.map(train, range(100))
"""
POOLS = [
    pytest.param(FORKED_POOL, "fork", id="fork"),
    pytest.param(POOL_OF_COPIES, "fork", id="copies-fork"),
    pytest.param(POOL_OF_COPIES, "spawn", id="copies-spawn"),
    pytest.param(POOL_OF_COPIES, "forkserver", id="copies-forkserver"),
    pytest.param(POOL_OF_MODULES, "spawn", id="modules-spawn"),
]


@pytest.mark.parametrize(("program", "method"), POOLS)
def test_a_pool_loses_nothing_although_it_is_terminated(tmp_path, program, method):
    assert run(tmp_path, program, tmp_path / "run", method) == ""
    event_file(tmp_path / "run")
    for tag in ("poolmap/1", "poolmap/2"):
        found = [(step, value) for name, step, value in scalars(tmp_path / "run") if name == tag]
        assert [step for step, _ in found] == list(range(100))
        assert sorted(value for _, value in found) == list(range(100))


def test_children_that_end_by_themselves_lose_nothing(tmp_path):
    script = """
        writer = GlobalSummaryWriter(sys.argv[1])
        def log(n):
            for number in range(500):
                writer.add_scalar("a", 1000 * n + number)
            sys.exit(n)
        children = [multiprocessing.get_context("fork").Process(target=log, args=(n,)) for n in range(4)]
        for child in children: child.start()
        log_threads = [threading.Thread(target=lambda: [writer.add_scalar("a", -1.0) for _ in range(500)])]
        for thread in log_threads: thread.start()
        for child in children: child.join()
        print([child.exitcode for child in children])
    """
    assert run(tmp_path, script, tmp_path / "run") == "[0, 1, 2, 3]\n"
    event_file(tmp_path / "run")
    assert steps(tmp_path / "run") == list(range(2500))
    values = [value for _, _, value in scalars(tmp_path / "run")]
    assert Counter(values) == Counter([1000 * n + number for n in range(4) for number in range(500)] + [-1] * 500)
    for n in range(4):  # of one process in the order of its calls
        assert [value for value in values if value // 1000 == n] == list(range(1000 * n, 1000 * n + 500))


@pytest.mark.parametrize("options", ["", ", coalesce_process=False"])
def test_a_daemonic_child_that_is_killed_after_a_call_has_logged(tmp_path, options):
    script = f"""
        writer = GlobalSummaryWriter(sys.argv[1]{options})
        def log(logged):
            for number in range(100):
                writer.add_scalar("a", number)
            logged.set()
            time.sleep(60)
        context = multiprocessing.get_context("fork")
        logged = context.Event()
        child = context.Process(target=log, args=(logged,), daemon=True)
        child.start()
        logged.wait()
        child.kill()
        child.join()
    """
    run(tmp_path, script, tmp_path / "run")
    assert [(step, value) for _, step, value in scalars(tmp_path / "run")] == [(n, n) for n in range(100)]


# ---- one run after another


def test_a_later_run_in_the_same_directory_has_a_file_of_its_own(tmp_path):
    for _ in range(2):
        with GlobalSummaryWriter(tmp_path) as writer:
            writer.add_scalar("a", 1.0)
    assert steps(tmp_path) == [0, 0]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_later_writer_joins_while_another_has_the_run_open(tmp_path):
    first = GlobalSummaryWriter(tmp_path, purge_step=7)
    second = GlobalSummaryWriter(tmp_path, purge_step=7)
    for writer in (first, second, first, second):
        writer.add_scalar("a", 1.0)
        writer.flush()
    first.close()
    second.add_scalar("a", 1.0)
    second.close()
    assert steps(tmp_path) == [0, 1, 2, 3, 4]
    starts = [event for event in read_events(tmp_path) if event.HasField("session_log")]
    assert [event.step for event in starts] == [7, 7]  # once, not once for each
    event_file(tmp_path)


def test_what_is_added_after_close_goes_on_in_the_file(tmp_path):
    writer = GlobalSummaryWriter(tmp_path)
    for _ in range(3):
        writer.add_scalar("a", 1.0)
        writer.close()
        writer.close()
    event_file(tmp_path)
    assert steps(tmp_path) == [0, 1, 2]


def test_a_copy_of_a_closed_writer_goes_on_in_the_file(tmp_path):
    with GlobalSummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 0.0)
    with pickle.loads(pickle.dumps(writer)) as copy:
        copy.add_scalar("a", 1.0)
    event_file(tmp_path)
    assert steps(tmp_path) == [0, 1]


def test_a_process_has_one_copy_of_a_writer_however_often_it_is_sent(tmp_path):
    with GlobalSummaryWriter(tmp_path) as writer:
        sent = pickle.dumps(writer)
        assert pickle.loads(sent) is pickle.loads(sent)


@sharing_and_not
def test_a_run_stays_where_it_is_when_the_working_directory_changes(tmp_path, monkeypatch, share):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with GlobalSummaryWriter("run", coalesce_process=share) as writer:
        writer.add_scalar("a", 0.0)
        writer.flush()
        monkeypatch.chdir(tmp_path / "elsewhere")
        writer.add_scalar("a", 1.0)
        writer.flush()
        other = GlobalSummaryWriter("run", coalesce_process=share)
        copies = [pickle.loads(pickle.dumps(each)) for each in (writer, other)]
        for value, each in enumerate([*copies, other], start=2):
            each.add_scalar("b", value)
        for each in (*copies, other):
            each.close()
    values = {(name, value) for name, _, value in scalars(tmp_path / "run")}
    assert values == {("a", 0), ("a", 1), ("b", 2)}
    assert {value for _, _, value in scalars(tmp_path / "elsewhere" / "run")} == {3, 4}
    if share:
        event_file(tmp_path / "run")


def test_file_writers_pickle_too(tmp_path):
    with GlobalSummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 0.0)
        writer.flush()
        copy = pickle.loads(pickle.dumps(writer.file_writer))
        copy.add_scalar("a", 1.0, 1)
        copy.close()
    event_file(tmp_path)
    assert steps(tmp_path) == [0, 1]


# ---- one process


def test_every_kind_has_its_steps(tmp_path):
    calls = _calls()
    assert set(calls) == {name for name in vars(GlobalSummaryWriter) if name.startswith("add_")}
    with GlobalSummaryWriter(tmp_path) as writer, SummaryWriter(tmp_path / "plain") as plain:
        for step, (name, call) in itertools.product(range(2), calls.items()):
            call(writer)
            call(_WithStep(plain, name, step))
    kinds = [[_without_time(event) for event in stock.events(tmp_path)[run]] for run in (".", "plain")]
    assert kinds[0] == kinds[1]
    assert len(kinds[0]) == 1 + 2 * len(calls)


def _calls() -> dict[str, Callable[..., None]]:
    """One call of each method, with a tag or with one of its own."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    picture = np.zeros((3, 4, 4), np.uint8)
    return {
        "add_scalar": lambda w, tag="scalar": w.add_scalar(tag, 1.0),
        "add_image": lambda w, tag="image": w.add_image(tag, picture.transpose(1, 2, 0), 5.0, "HWC"),
        "add_images": lambda w, tag="images": w.add_images(tag, np.stack([picture] * 2)),
        "add_image_with_boxes": lambda w, tag="boxes": w.add_image_with_boxes(tag, picture, np.array([[0, 0, 2, 2]])),
        "add_figure": lambda w, tag="figure": w.add_figure(tag, pyplot.figure()),
        "add_text": lambda w, tag="text": w.add_text(tag, "words"),
        "add_table": lambda w, tag="table": w.add_table(tag, [(1, "x")], ["a", "b"]),
        "add_histogram": lambda w, tag="histogram": w.add_histogram(tag, np.arange(9.0), "auto"),
        "add_audio": lambda w, tag="audio": w.add_audio(tag, np.zeros(100), 8000),
        "add_video": lambda w, tag="video": w.add_video(tag, np.zeros((1, 2, 3, 4, 4), np.uint8), 2),
        "add_tensor": lambda w, tag="tensor": w.add_tensor(tag, picture),
        "add_pr_curve": lambda w, tag="curve": w.add_pr_curve(tag, np.array([0, 1]), np.array([0.2, 0.7]), 9),
        "add_mesh": lambda w, tag="mesh": w.add_mesh(tag, np.zeros((1, 3, 3)), np.zeros((1, 3, 3))),
    }


class _WithStep:
    """Passes one call on to a SummaryWriter, with its step as it would be given there."""

    def __init__(self, writer, name, step):
        def call(*args, **kwargs):
            names = list(_parameters(getattr(GlobalSummaryWriter, name)))[1:]
            kwargs |= dict(zip(names, args, strict=False)) | {"global_step": step}
            getattr(writer, name)(**kwargs)

        setattr(self, name, call)


def _parameters(function) -> tuple[str, ...]:
    return function.__code__.co_varnames[: function.__code__.co_argcount]


def _without_time(event) -> bytes:
    event.wall_time = 0
    return event.SerializeToString()


@sharing_and_not
def test_each_stored_tag_has_its_steps_whatever_the_method(tmp_path, share):
    with GlobalSummaryWriter(tmp_path, coalesce_process=share) as writer:
        for tag, call in itertools.product(("a b", "a_b", "/a b", 'a"b'), _calls().values()):
            call(writer, tag)
    found: dict[str, list[int]] = {}
    for event in read_events(tmp_path):
        for tag in {value.tag for value in event.summary.value}:  # that of a sound is there twice
            found.setdefault(tag, []).append(event.step)
    assert len(found["a_b"]) > 20
    assert found == {tag: list(range(len(steps))) for tag, steps in found.items()}


def test_tensorboard_keeps_every_point_of_a_tag_that_two_methods_log(tmp_path, tensorboard):
    with GlobalSummaryWriter(tmp_path, coalesce_process=False) as writer:
        for _ in range(4):
            writer.add_image("a", np.zeros((3, 4, 4), np.uint8))
            writer.add_images("a", np.zeros((2, 3, 4, 4), np.uint8))
    (samples,) = served.images(tensorboard(tmp_path))["."]["a"].values()
    assert len(samples) == 8


def test_threads_log_the_steps_of_a_tag_in_their_order(tmp_path):
    with GlobalSummaryWriter(tmp_path, coalesce_process=False) as writer:
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            threads = [
                threading.Thread(target=lambda: [writer.add_scalar("a", 1) for _ in range(2000)]) for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
    assert steps(tmp_path) == list(range(8000))


def test_a_child_forked_while_a_thread_logs_can_log(tmp_path):
    script = """
        import numpy
        begun, forked = threading.Event(), threading.Event()
        class Slow:
            def __array__(self, dtype=None, copy=None):
                begun.set()
                forked.wait(30)
                return numpy.array(1.0)
        writer = GlobalSummaryWriter(sys.argv[1], coalesce_process=False)
        thread = threading.Thread(target=writer.add_scalar, args=("a", Slow()))
        thread.start()
        begun.wait(30)
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            writer.add_scalar("a", 2.0)
            writer.flush()
            os._exit(0)
        forked.set()
        print(os.waitpid(child, 0)[1])
        thread.join()
    """
    assert run(tmp_path, script, tmp_path / "run") == "0\n"
    assert sorted(value for _, _, value in scalars(tmp_path / "run")) == [1, 2]


@sharing_and_not
def test_names_that_are_stored_alike_count_together(tmp_path, share):
    with GlobalSummaryWriter(tmp_path, coalesce_process=share) as writer:
        for tag in ("a b", "a_b", "/a b"):
            writer.add_scalar(tag, 1.0)
    assert scalars(tmp_path) == [("a_b", 0, 1.0), ("a_b", 1, 1.0), ("a_b", 2, 1.0)]


def test_steps_given_to_the_writer_behind_it_count_too(tmp_path):
    with GlobalSummaryWriter(tmp_path) as writer:
        writer.smw.add_scalar("a", 1.0, 10)
        writer.add_scalar("a", 2.0)
        writer.file_writer.add_summary(scalar("a", 3.0), 20, walltime=5.0)
        writer.add_scalar("a", 4.0, walltime=6.0)
        writer.smw.add_scalars("group", {"b": 1.0}, 5)
    assert steps(tmp_path) == [10, 11, 20, 21]
    assert [event.wall_time for event in read_events(tmp_path)][2:] == [5.0, 6.0]
    assert steps(tmp_path / "group" / "b", "group") == [5]


@sharing_and_not
def test_bad_values_are_refused_at_the_call_and_take_no_step(tmp_path, share):
    with GlobalSummaryWriter(tmp_path, coalesce_process=share) as writer:
        with pytest.raises(TypeError, match="'a'"):
            writer.add_scalar("a", "many")
        with pytest.raises(ValueError, match="'a'"):
            writer.add_image("a", np.zeros((3, 4, 4)), dataformats="HW")
        writer.add_scalar("a", 1.0)
    assert steps(tmp_path) == [0]


def test_get_summary_writer_is_one_for_the_process(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(global_writer, "_writer", None)
    found = []
    threads = [threading.Thread(target=lambda: found.append(GlobalSummaryWriter.getSummaryWriter())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
    writer = global_writer._writer
    assert writer is found[0]
    assert isinstance(writer.smw, SummaryWriter)
    assert isinstance(writer.file_writer, FileWriter)
    writer.add_scalar("a", 1.0)
    writer.close()
    assert GlobalSummaryWriter.getSummaryWriter() is writer
    assert capsys.readouterr() == ("", "")
    (logdir,) = (tmp_path / "runs").iterdir()
    assert Path(writer.file_writer.get_logdir()) == logdir.relative_to(tmp_path)
    writer.close()
    assert steps(logdir) == [0]


def test_nothing_is_written_where_nothing_is_to_be(tmp_path):
    with GlobalSummaryWriter(tmp_path / "run", write_to_disk=False) as writer:
        writer.add_scalar("a", 1.0)
        writer.add_image("b", np.zeros((3, 4, 4)))
        with pytest.raises(TypeError):
            writer.add_scalar("a", "many")
        writer.flush()
        copy = pickle.loads(pickle.dumps(writer))
        copy.add_text("c", "words")
        copy.close()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_one_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        GlobalSummaryWriter(tmp_path / "file")


# ---- each process for itself


def test_without_coalescing_each_process_has_a_file_and_steps_of_its_own(tmp_path):
    script = """
        writer = GlobalSummaryWriter(sys.argv[1], coalesce_process=False)
        def log():
            for number in range(10):
                writer.add_scalar("a", number)
        children = [multiprocessing.get_context("fork").Process(target=log) for _ in range(2)]
        for child in children: child.start()
        for child in children: child.join()
        log()
    """
    run(tmp_path, script, tmp_path / "run")
    assert steps(tmp_path / "run") == [*range(10)] * 3
    assert len(list((tmp_path / "run").iterdir())) == 3


def test_a_store_without_locks_gets_files_of_each_process(caplog):
    store = FaultyStore()
    register_writer_factory("global", store)
    try:
        with GlobalSummaryWriter("global:run") as writer:
            writer.add_scalar("a", 1.0)
            writer.add_scalar("a", 1.0)
        assert [name.rpartition("/")[0] for name in store.files] == ["global:run"]
    finally:
        del REGISTERED_FACTORIES["global"]
    assert "processes cannot share" in caplog.text


def test_a_tool_that_replaced_a_layer_sees_steps(tmp_path, monkeypatch):
    seen = []
    plain = SummaryWriter.add_scalar, FileWriter.add_event

    def add_scalar(self, tag, scalar_value, global_step, walltime):
        seen.append(global_step)
        plain[0](self, tag, scalar_value, global_step, walltime)

    def add_event(self, event, step=None, walltime=None):
        seen.append(step)
        plain[1](self, event, step, walltime)

    with GlobalSummaryWriter(tmp_path / "methods") as writer, monkeypatch.context() as patched:
        patched.setattr(SummaryWriter, "add_scalar", add_scalar)
        writer.add_scalar("a", 1.0)
        writer.add_scalar("a", 1.0)
    with GlobalSummaryWriter(tmp_path / "events") as writer, monkeypatch.context() as patched:
        patched.setattr(FileWriter, "add_event", add_event)
        writer.add_scalar("a", 1.0)
        writer.add_scalar("a", 1.0)
    assert seen == [0, 1, 0, 1]
    assert steps(tmp_path / "methods") == steps(tmp_path / "events") == [0, 1]


def test_tensorboard_shows_what_the_original_s_example_logs(tmp_path, tensorboard):
    script = """
        multiprocessing.set_start_method("fork")  # which is not the default any more
        w = GlobalSummaryWriter()
        def train(x):
            w.add_scalar('poolmap/1', x * random.random())
            w.add_scalar('poolmap/2', x)
        with multiprocessing.Pool() as pool:
            pool.map(train, range(100))
    """
    run(tmp_path, script)
    (logdir,) = (tmp_path / "runs").iterdir()
    found = served.scalars(tensorboard(logdir))["."]
    assert {tag: [step for step, _ in points] for tag, points in found.items()} == {
        "poolmap/1": list(range(100)),
        "poolmap/2": list(range(100)),
    }
    assert sorted(value for _, value in found["poolmap/2"]) == list(range(100))

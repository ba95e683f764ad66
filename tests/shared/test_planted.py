"""Files that somebody else put into the log directory: nothing outside is touched, whatever they hold, and logging goes
on or is refused by one OSError."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.shared_runs import journal_of, run, scalars, two_batches, unnumbered

from tensorboardX import GlobalSummaryWriter
from tensorboardX.errors import LogdirError, RecordError
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_reader import read_records
from tensorboardX.records.framing import frame, masked_crc32c
from tensorboardX.shared.run import SharedRun
from tensorboardX.storage import locks
from tensorboardX.storage.locks import FileLock

pytestmark = pytest.mark.skipif(not locks.HAS_SHARED_LOCKS, reason="processes share no files here")

NAME = "events.out.tfevents.1.planted"
BATCH = frame(b"planted")


@pytest.fixture
def logdir(tmp_path) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "victim.tfevents").write_bytes(b"VICTIM")
    return tmp_path / "run"


@pytest.fixture(autouse=True)
def _victim_is_untouched(tmp_path):
    yield
    if (tmp_path / "victim.tfevents").exists():
        assert (tmp_path / "victim.tfevents").read_bytes() == b"VICTIM"
        assert sorted(os.listdir(tmp_path)) == ["run", "victim.tfevents"]


def entry(name: str, **values: object) -> dict[str, object]:
    return {"file": name, "offset": 0, "length": 0, "crc": masked_crc32c(b""), "steps": {}} | values


def journal(name: str, **values: object) -> bytes:
    """A journal that asks to append a batch to a file of six bytes."""
    asked = entry(name, offset=6, length=len(BATCH), crc=masked_crc32c(BATCH)) | values
    return frame(os.fsencode(name)) + frame(json.dumps(asked).encode()) + BATCH


def log(logdir: Path) -> None:
    with GlobalSummaryWriter(logdir, on_error="raise") as writer:
        writer.add_scalar("a", 1.0)


# ---- names that lead elsewhere


@pytest.mark.parametrize("target", ["../victim.tfevents", "../made-elsewhere"])
def test_a_journal_that_is_a_symbolic_link_is_refused(logdir, target):
    journal_of(logdir).symlink_to(target)
    with pytest.raises(LogdirError, match=r"\.tensorboardX-global is a symbolic link"):
        GlobalSummaryWriter(logdir)
    assert len(list(logdir.iterdir())) == 1


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_journal_that_is_no_regular_file_is_refused(logdir, make):
    make(journal_of(logdir))
    with pytest.raises(LogdirError, match=r"\.tensorboardX-global is .*not a regular file"):
        GlobalSummaryWriter(logdir)


def test_a_journal_that_has_another_name_is_replaced(logdir):
    os.link(logdir.parent / "victim.tfevents", journal_of(logdir))
    log(logdir)
    assert scalars(logdir) == [("a", 0, 1.0)]


@pytest.mark.parametrize(
    "name", ["../victim.tfevents", "{absolute}", "./../victim.tfevents", "../run/../victim.tfevents"]
)
def test_a_journal_that_names_a_file_elsewhere_is_ignored(logdir, name):
    journal_of(logdir).write_bytes(journal(name.format(absolute=logdir.parent / "victim.tfevents")))
    log(logdir)
    assert scalars(logdir) == [("a", 0, 1.0)]


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_event_file_that_is_another_one_is_not_appended_to(logdir, link):
    link(logdir.parent / "victim.tfevents", logdir / NAME)
    journal_of(logdir).write_bytes(journal(NAME))
    log(logdir)
    (logdir / NAME).unlink()
    assert scalars(logdir) == [("a", 0, 1.0)]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_an_event_file_that_is_no_regular_file_is_not_opened(logdir, make):
    make(logdir / NAME)
    journal_of(logdir).write_bytes(journal(NAME))
    log(logdir)
    (shutil.rmtree if make is os.mkdir else os.unlink)(logdir / NAME)
    assert scalars(logdir) == [("a", 0, 1.0)]


def test_a_backup_by_hard_links_keeps_its_content_and_steps_go_on(tmp_path):
    """`cp -al` of a run gives its files other names; what is logged afterwards must not change the backup."""
    with GlobalSummaryWriter(tmp_path / "run", on_error="raise") as writer:
        for value in (0.0, 1.0):
            writer.add_scalar("a", value)
        writer.flush()
        shutil.copytree(tmp_path / "run", tmp_path / "backup", copy_function=os.link)
        before = {path.name: path.read_bytes() for path in (tmp_path / "backup").iterdir()}
        for value in (2.0, 3.0):
            writer.add_scalar("a", value)
            writer.flush()
    assert {path.name: path.read_bytes() for path in (tmp_path / "backup").iterdir()} == before
    assert scalars(tmp_path / "run") == [("a", n, float(n)) for n in range(4)]
    assert not journal_of(tmp_path / "run").exists()


def test_a_run_whose_journal_has_another_name_is_joined_all_the_same(tmp_path):
    with GlobalSummaryWriter(tmp_path / "run") as first:
        first.add_scalar("a", 0.0)
        first.flush()
        os.link(journal_of(tmp_path / "run"), tmp_path / "journal")
        with GlobalSummaryWriter(tmp_path / "run") as second:
            second.add_scalar("a", 1.0)
        first.add_scalar("a", 2.0)
    assert scalars(tmp_path / "run") == [("a", n, float(n)) for n in range(3)]
    assert len(list((tmp_path / "run").iterdir())) == 1


# ---- other users

AS_USERS = """
    # Before the process may read nothing of this installation any more.
    import concurrent.futures.thread, crc32c, hashlib
    from tensorboardX.errors import LogdirError

    def log(user, umask, numbers):
        os.setgroups([]); os.setgid(4321); os.setuid(user)
        os.umask(umask)
        try:
            writer = GlobalSummaryWriter(sys.argv[1], on_error="raise")
        except LogdirError as error:
            print(error.errno, error.strerror, flush=True)
            return
        for number in numbers:
            writer.add_scalar("a", number)
            writer.flush()
        if user == 1111:
            done.wait(30)
        writer.close()

    context = multiprocessing.get_context("fork")
    done = context.Event()
    umask = int(sys.argv[2], 8)
    first = context.Process(target=log, args=(1111, umask, range(10)))
    first.start()
    while not os.path.exists(sys.argv[1] + "/.tensorboardX-global"): time.sleep(0.01)
    second = context.Process(target=log, args=(2222, umask, range(10, 20)))
    second.start()
    second.join()
    done.set()
    first.join()
    print(first.exitcode, second.exitcode)
"""


@pytest.fixture
def directory_of_all():
    """A directory that other users reach, which those of pytest are not."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become other users")
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        (Path(directory) / "run").mkdir()
        yield Path(directory)


def test_users_of_a_group_share_a_run_where_their_files_are_writable_for_it(directory_of_all):
    logdir = directory_of_all / "run"
    os.chown(logdir, 0, 4321)
    logdir.chmod(0o2775)
    assert run(directory_of_all, AS_USERS, logdir, "002") == "0 0\n"
    assert sorted(value for _, _, value in scalars(logdir)) == list(range(20))
    assert [step for _, step, _ in scalars(logdir)] == list(range(20))
    assert len(list(logdir.iterdir())) == 1


def test_an_inaccessible_file_is_named_to_the_second_user(directory_of_all):
    logdir = directory_of_all / "run"
    os.chown(logdir, 0, 4321)
    logdir.chmod(0o2775)
    refused = f"13 cannot log to {str(logdir)!r}: .tensorboardX-global: Permission denied\n"
    assert run(directory_of_all, AS_USERS, logdir, "022") == f"{refused}0 0\n"
    assert [value for _, _, value in scalars(logdir)] == list(range(10))


def test_in_a_directory_that_everybody_may_write_users_do_not_share_a_run(directory_of_all):
    logdir = directory_of_all / "run"
    logdir.chmod(0o777)
    output = run(directory_of_all, AS_USERS, logdir, "000")
    assert ".tensorboardX-global is the file of another user (uid 1111)" in output
    assert output.endswith("0 0\n")
    assert [value for _, _, value in scalars(logdir)] == list(range(10))


# ---- whatever a journal and an event file hold

WHOLE = Event(step=6, summary=Event.FromString(unnumbered(7.0)[0]).summary).SerializeToString()

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=9,
)
numbers = st.integers(0, 99) | st.sampled_from([2**31, 2**32, 2**61, 2**63 - 1, 2**63, 2**64, 10**30, -1]) | anything
entries = st.fixed_dictionaries(
    {},
    optional={
        "file": st.just(NAME) | st.just("../victim.tfevents") | anything,
        "offset": numbers,
        "length": numbers,
        "crc": st.just(masked_crc32c(BATCH)) | numbers,
        "steps": st.dictionaries(st.sampled_from("ab"), numbers, max_size=3) | anything,
        "more": anything,
    },
).map(lambda values: json.dumps(entry(NAME) | values).encode())
nested = st.sampled_from([b"[", b'{"steps":']).map(lambda opening: opening * 10**5)
absurd = st.sampled_from([b"{" + b'"steps":' * 9, b"1" * 5000, b"\\ud800", b'"\\ud800"', b"NaN", b"[]", b"{}", b"null"])
names = st.sampled_from([NAME, NAME, NAME, "../victim.tfevents", "/tfevents", "tfevents\0", "", ".", "..", "x" * 300])
journals = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda name, data, batch: frame(name) + frame(data) + batch,
        names.map(os.fsencode) | st.binary(max_size=30),
        entries | entries | nested | absurd | anything.map(lambda value: json.dumps(value).encode()) | st.binary(),
        st.just(BATCH) | st.binary(max_size=50),
    ),
)
event_files = st.one_of(
    st.none(),
    st.binary(max_size=99),
    st.lists(st.binary(max_size=40) | st.just(WHOLE), max_size=3).map(lambda records: b"".join(map(frame, records))),
)


def check_that_logging_goes_on(logdir: Path, in_use: bool) -> None:
    """Log two values, of which the second follows the first, wherever they are."""
    user = FileLock(str(logdir / NAME))
    with contextlib.suppress(FileNotFoundError):
        user.open()
        assert not in_use or user.try_lock(shared=True)
    before = {path.name for path in logdir.parent.iterdir()}
    for value in (8.0, 9.0):
        shared = SharedRun(str(logdir))
        shared.open_or_create()
        shared.append(unnumbered(value, tag="ours"))
        if value == 9.0:
            user.release()
        shared.close()
    assert {path.name for path in logdir.parent.iterdir()} == before
    assert not journal_of(logdir).exists()
    found = []
    for path in sorted(logdir.iterdir()):
        with contextlib.suppress(RecordError):
            events = [Event.FromString(data) for data in read_records(path) if b"ours" in data]
            found += [event.summary.value[0].simple_value for event in events]
    assert found == [8.0, 9.0]


@pytest.mark.parametrize("step", [2**63 - 1, 2**63, 10**30, -1, 0.5, float("nan"), True, "1", None, [1], {}])
def test_a_step_in_the_journal_of_a_run_in_use_is_an_integer_or_not_believed(logdir, step):
    (logdir / NAME).write_bytes(frame(WHOLE))
    values = entry(NAME, offset=len(frame(WHOLE)), steps={"ours": step})
    journal_of(logdir).write_bytes(frame(NAME.encode()) + frame(json.dumps(values).encode()))
    check_that_logging_goes_on(logdir, in_use=True)
    assert os.listdir(logdir) == [NAME]
    assert [value for tag, _, value in scalars(logdir) if tag == "ours"] == [8.0, 9.0]


@pytest.mark.parametrize("record", [b"\xff", b"\x2a\x02\xff\xff"])
def test_an_event_file_in_use_that_holds_no_events_is_left_as_it_is(logdir, record):
    (logdir / NAME).write_bytes(frame(record))
    journal_of(logdir).write_bytes(frame(NAME.encode()))
    check_that_logging_goes_on(logdir, in_use=True)
    assert (logdir / NAME).read_bytes() == frame(record)


@settings(max_examples=300, deadline=None)
@given(journals, event_files, st.booleans())
def test_logging_goes_on_whatever_the_files_hold(content, events, in_use):
    with tempfile.TemporaryDirectory() as directory:
        logdir = Path(directory) / "run"
        logdir.mkdir()
        (Path(directory) / "victim.tfevents").write_bytes(b"VICTIM")
        journal_of(logdir).write_bytes(content)
        if events is not None:
            (logdir / NAME).write_bytes(events)
        check_that_logging_goes_on(logdir, in_use)
        assert (Path(directory) / "victim.tfevents").read_bytes() == b"VICTIM"


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory) -> Path:
    """A run that a process is writing."""
    logdir = tmp_path_factory.mktemp("whole") / "run"
    two_batches(logdir)
    return logdir


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_logging_goes_on_after_any_damage_to_the_files_of_a_run(whole_run, data):
    with tempfile.TemporaryDirectory() as directory:
        logdir = Path(directory) / "run"
        shutil.copytree(whole_run, logdir)
        for path in (journal_of(logdir), next(logdir.glob("events*"))):
            content = bytearray(path.read_bytes())
            for _ in range(data.draw(st.integers(0, 2))):
                at = data.draw(st.integers(0, len(content)))
                content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
            path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
        check_that_logging_goes_on(logdir, in_use=False)


@pytest.mark.parametrize("length", [2**27, 2**40, 2**61, 2**63 - 1, 2**63, 2**64])
def test_absurd_lengths_take_no_memory(logdir, length):
    """A file may be as long as it claims without taking the space (a sparse file)."""
    data = json.dumps(entry(NAME, offset=6, length=length, crc=7)).encode()
    packed = length.to_bytes(9, "little")[:8]
    for content in (
        frame(NAME.encode()) + frame(data),
        frame(NAME.encode()) + packed + masked_crc32c(packed).to_bytes(4, "little"),
        packed + masked_crc32c(packed).to_bytes(4, "little"),
    ):
        journal_of(logdir).write_bytes(content)
        os.truncate(journal_of(logdir), min(2 * length, 2**42))
        (logdir / NAME).write_bytes(b"VICTIM")
        tracemalloc.start()
        try:
            log(logdir)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 40 << 20
        (logdir / NAME).unlink()
    assert [step for _, step, _ in scalars(logdir)] == [0, 0, 0]


def test_nor_does_an_absurd_record_in_an_event_file_in_use(logdir):
    packed = (3 << 30).to_bytes(8, "little")
    (logdir / NAME).write_bytes(packed + masked_crc32c(packed).to_bytes(4, "little"))
    os.truncate(logdir / NAME, 4 << 30)
    journal_of(logdir).write_bytes(frame(NAME.encode()))
    user = FileLock(str(logdir / NAME))
    user.open()
    assert user.try_lock(shared=True)
    tracemalloc.start()
    try:
        log(logdir)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        user.release()
    assert peak < 40 << 20
    (logdir / NAME).unlink()
    assert scalars(logdir) == [("a", 0, 1.0)]


def test_a_small_memory_is_enough_for_a_journal_that_is_deeply_nested(logdir):
    program = """
        import resource, sys
        from tensorboardX import GlobalSummaryWriter
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
        with GlobalSummaryWriter(sys.argv[1], on_error="raise") as writer:
            writer.add_scalar("a", 1.0)
    """
    journal_of(logdir).write_bytes(frame(NAME.encode()) + frame(b"[" + b"[]," * (5 << 20) + b"[]]"))
    source = str(Path(locks.__file__).parents[2])
    command = [sys.executable, "-c", textwrap.dedent(program), str(logdir)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": source})
    assert (done.returncode, done.stderr) == (0, "")
    assert scalars(logdir) == [("a", 0, 1.0)]

"""Directories made from users' names stay below the log directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tensorboardX import FileWriter, GlobalSummaryWriter, SummaryWriter
from tensorboardX.writer.paths import below

NAMES = st.lists(st.text(alphabet=st.characters(exclude_categories=[]), max_size=12), max_size=4)


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["loss", "train"], ["loss", "train"]),
        (["a/b", "c"], ["a", "b", "c"]),
        (["/etc/passwd"], ["etc", "passwd"]),
        (["a//b/./c/"], ["a", "b", "c"]),
        (["Größe", "損失"], ["Größe", "損失"]),
        (["a b.c"], ["a b.c"]),
        (["lr=0.1, x"], ["lr=0.1, x"]),
        (["", "."], []),
        ([], []),
    ],
)
def test_plain_names_are_kept_and_slashes_make_directories(names, parts):
    assert below("runs", *names) == os.path.join("runs", *parts)


@pytest.mark.parametrize("name", ["..", "../..", "../../x", "a/../../b", "/..", "..\\..", "...", ".. ", "c:\\x"])
def test_names_do_not_lead_out(name):
    inside = Path(below("/logs/run", name))
    assert os.path.normpath(inside) == str(inside)
    assert inside.is_relative_to("/logs/run")
    assert not {"..", "."} & set(inside.parts)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("projector_config.pbtxt", "projector_config.pbtxt_"),
        ("events.out.tfevents.1", "events.out.tf_events.1"),
        ("a:b", "a_b"),
        ("a\0b", "a_b"),
        ('<>"|?*\\', "_______"),
        ("NUL", "NUL_"),
        ("com1.txt", "com1.txt_"),
        ("COM10", "COM10"),
        ("console", "console"),
    ],
)
def test_what_some_file_system_refuses_is_replaced(name, safe):
    assert below("runs", name) == os.path.join("runs", safe)


@given(NAMES)
@example(["x" * 300])
@example(["é" * 300])
@example(["😀" * 300, "y"])
@example(["../" * 50])
def test_any_names_make_a_directory_below(tmp_path_factory, names):
    root = tmp_path_factory.mktemp("root")
    made = below(str(root), *names)
    os.makedirs(made, exist_ok=True)
    assert Path(made).resolve().is_relative_to(root.resolve())
    assert all(len(os.fsencode(part)) <= 230 for part in Path(made).relative_to(root).parts)


def test_overlong_names_stay_unique():
    first, second = (below("runs", "x" * 300 + end) for end in "ab")
    assert first != second
    assert below("runs", "x" * 300 + "a") == first
    assert below("runs", "x" * 200) == os.path.join("runs", "x" * 200)


def test_a_cut_name_is_always_the_same():
    assert below("runs", "é:" * 150) == os.path.join("runs", "é_" * 66 + "é-f99f874e40a8b5a3")
    assert below("runs", "a/" * 300) == os.path.join("runs", "a_" * 100 + "-50ea713776b5b961")


def test_names_of_many_directories_that_make_too_long_a_path_become_one():
    first, second = (below("runs", "a/" * 5_000 + end, "b/" * 5_000) for end in "xy")
    assert first != second
    assert os.path.dirname(first) == "runs"
    assert len(first) < 300
    assert below("runs", "a/" * 200) == os.path.join("runs", *"a" * 200)


@pytest.mark.parametrize("name", [None, 5, b"run", ["run"]], ids=repr)
def test_a_name_that_is_no_string_is_refused(name):
    with pytest.raises(TypeError, match="accepted is a tag that is a string"):
        below("runs", name)


@pytest.mark.parametrize(
    ("comment", "ends"),
    [
        ("", ""),
        ("_lr=0.1:x", "_lr=0.1:x"),
        ("/a/b", "/a/b"),
        ("..", ".."),
        ("/../sibling", "runs/sibling"),
        ("/a/../b", "/b"),
        ("/../../x", "/_/_/x"),
        ("/a/../../../x", "/a/_/_/_/x"),
        ("/../..", "/_/_"),
        ("/../../runs2/x..y", "/_/_/runs2/x..y"),
    ],
)
@pytest.mark.parametrize("make", [SummaryWriter, GlobalSummaryWriter])
def test_a_comment_does_not_lead_out_of_runs(tmp_path, monkeypatch, make, comment, ends):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with make(comment=comment) as writer:
        assert writer.get_logdir().endswith(ends)
        writer.add_scalar("a", 1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["work"]
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["runs"]
    (file,) = tmp_path.rglob("*tfevents*")
    assert file.parent.samefile(writer.get_logdir())


WRITERS = [SummaryWriter, FileWriter, GlobalSummaryWriter]


@pytest.mark.parametrize("make", WRITERS)
@pytest.mark.parametrize("suffix", ["/../x", "/x", "a/b", "a\0b", "x" * 250, "ä" * 120, "\ud800"])
def test_a_suffix_that_no_file_name_can_have_is_refused(tmp_path, make, suffix):
    with pytest.raises(ValueError, match=r"filename_suffix: got .*accepted"):
        make(str(tmp_path / "run"), filename_suffix=suffix)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", [*WRITERS, lambda *args, **named: SummaryWriter(*args, write_to_disk=False, **named)])
@pytest.mark.parametrize("suffix", [None, 7, b"x", Path("x")])
def test_a_suffix_is_a_string(tmp_path, make, suffix):
    with pytest.raises(TypeError, match=r"filename_suffix: got .*accepted is a string"):
        make(str(tmp_path / "run"), filename_suffix=suffix)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", WRITERS)
@pytest.mark.parametrize("suffix", [".v2", "..", "ä b=1:x", "x" * 100])
def test_other_suffixes_are_kept(tmp_path, make, suffix):
    writer = make(str(tmp_path), filename_suffix=suffix)
    writer.close()
    (file,) = tmp_path.glob("*tfevents*")
    assert file.name.endswith(suffix)

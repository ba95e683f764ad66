"""`tensorboardx ls`."""

from __future__ import annotations

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes


def test_a_line_for_each_run(runs, command):
    done = command("ls", runs)
    assert done.code == exit_codes.OK
    title, *lines = done.out.splitlines()
    assert title.split() == ["run", "tags", "values", "first", "last", "size", "written", "health"]
    assert [line.split()[0] for line in lines] == ["rate0.1", "rate0.5"]
    assert all(" 201 scalars " in line and line.endswith(" ok") for line in lines)


def test_json_counts_what_event_accumulator_reads(runs, command):
    [first, _] = command("ls", runs, "--json").json("ls")["runs"]
    events = EventAccumulator(str(runs / "rate0.1"), {"scalars": 0}).Reload()
    counted = {tag["tag"]: tag["count"] for tag in first["tags"] if tag["kind"] == "scalars"}
    assert counted == {tag: len(events.Scalars(tag)) for tag in events.Tags()["scalars"]}
    assert first["kinds"]["scalars"] == sum(counted.values()) == 201
    assert (first["first_step"], first["last_step"], first["health"]) == (0, 99, "ok")
    assert first["bytes"] == sum(file.stat().st_size for file in (runs / "rate0.1").iterdir())


def test_filters_and_a_line_for_each_tag(runs, command):
    done = command("ls", runs, "--run", "*0.5", "--tag", "/^train/", "--tags")
    assert [line.split() for line in done.out.splitlines()[1:]] == [
        ["rate0.5", "train/accuracy", "scalars", "100", "0", "99"],
        ["rate0.5", "train/loss", "scalars", "100", "0", "99"],
    ]


def test_a_damaged_run_and_an_empty_one(runs, command):
    [file] = (runs / "rate0.1").iterdir()
    content = bytearray(file.read_bytes())
    content[310] ^= 1
    file.write_bytes(content)
    SummaryWriter(str(runs / "empty")).close()
    done = command("ls", runs, "--json")
    assert done.code == exit_codes.OK
    assert "was skipped" in done.err
    empty, damaged, whole = done.json("ls")["runs"]
    assert (empty["health"], empty["last_step"]) == ("empty", None)
    assert (damaged["health"], damaged["damage"][0]["path"]) == ("damaged", str(file))
    assert (whole["health"], whole["damage"]) == ("ok", [])


def test_nothing_found(runs, command):
    assert command("ls", runs, "--run", "other").code == exit_codes.NOT_FOUND


def test_names_cannot_steer_the_terminal(tmp_path, command):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_text("a\x1b[31m\nb", "text", 0)
    done = command("ls", tmp_path, "--tags")
    assert "a\\x1b[31m\\nb" in done.out
    assert "\x1b" not in done.out

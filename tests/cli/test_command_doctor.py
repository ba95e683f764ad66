"""`tensorboardx doctor`."""

from __future__ import annotations

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes
from tensorboardX.doctor import CHECKS


def test_sound_runs(runs, command):
    done = command("doctor", runs)
    assert (done.code, done.out) == (exit_codes.OK, "nothing found\n")
    found = command("doctor", runs, "--json").json("doctor")
    assert (found["findings"], found["checks"], found["logdir"]) == ([], list(CHECKS), str(runs))


def log_faults(directory):
    with SummaryWriter(str(directory / "bad\x1brun")) as writer:
        for step in range(100):
            writer.add_scalar("train/loss", float("nan") if step == 40 else 1 / (step + 1), step)
            writer.add_scalar("score", 1e9 if step == 70 else step % 5, step)


def test_faults_are_listed_with_what_to_do(runs, command):
    log_faults(runs)
    done = command("doctor", runs)
    assert done.code == exit_codes.NOT_FOUND
    table, _, advice = done.out.partition("\n\n")
    title, *rows = table.splitlines()
    assert title.split() == ["check", "run", "tag", "step", "problem"]
    assert [row.split()[:5] for row in rows] == [
        ["spike", "bad\\x1brun", "score", "70", "the"],
        ["nan", "bad\\x1brun", "train/loss", "40", "the"],
    ]
    assert [line.partition(": ")[0] for line in advice.splitlines()] == ["spike", "nan"]


def test_json_has_everything(runs, command):
    log_faults(runs)
    done = command("doctor", runs, "--json")
    assert done.code == exit_codes.NOT_FOUND
    first, second = done.json("doctor")["findings"]
    assert (first["check"], first["tag"], first["step"]) == ("spike", "score", 70)
    assert (second["check"], second["tag"], second["step"]) == ("nan", "train/loss", 40)
    assert second["problem"] == "the value is nan"
    assert second["advice"]


def test_checks_are_chosen(runs, command):
    log_faults(runs)
    for arguments, wanted in (
        (["--check", "nan"], ["nan"]),
        (["--ignore", "nan"], ["spike"]),
        (["--tag", "train/*"], ["nan"]),
        (["--check", "nan", "--check", "gap", "--ignore", "nan"], []),
        (["--run", "rate*"], []),
    ):
        done = command("doctor", runs, *arguments, "--json")
        assert [found["check"] for found in done.json("doctor")["findings"]] == wanted
        assert done.code == (exit_codes.NOT_FOUND if wanted else exit_codes.OK)
    assert command("doctor", runs, "--check", "other").code == exit_codes.USAGE


def test_the_schema_names_every_check():
    from tensorboardX.cli.schema import schema_of

    assert schema_of("doctor")["properties"]["findings"]["items"]["properties"]["check"]["enum"] == list(CHECKS)

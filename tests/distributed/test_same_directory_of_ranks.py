"""Ranks that write to one directory are warned of, once, and nobody else is."""

from __future__ import annotations

import pytest
from support.ranks import end, run, save, start

from tensorboardX import SummaryWriter

PROGRAM = """
    import sys
    from tensorboardX import GlobalSummaryWriter, SummaryWriter
    make = GlobalSummaryWriter if "shared" in sys.argv else SummaryWriter
    options = {"distributed": "per_rank"} if "per_rank" in sys.argv else {}
    writers = [make(logdir=sys.argv[1], **options) for _ in range(2)]
    writers[0].add_scalar("a", 1.0)
    print(flush=True)
    sys.stdin.readline()
    for writer in writers:
        writer.close()
"""


@pytest.fixture
def program(tmp_path):
    return save(tmp_path, PROGRAM)


def together(program, world_size, *arguments):
    """Run ranks that all write before the first of them ends; return what they warned of."""
    processes = [start(program, rank, world_size, *arguments) for rank in range(world_size)]
    for process in processes:
        process.stdout.readline()
    return [end(process)[1] for process in processes]


def test_one_warning_names_the_lines_that_end_it(tmp_path, program):
    warnings = together(program, 3, tmp_path / "run")
    assert warnings[2] == ""
    said = [warning for warning in warnings if warning]
    assert 1 <= len(said) <= 2
    for warning in said:
        assert warning.count(str(tmp_path / "run")) == 1
        assert 'SummaryWriter(logdir, distributed="rank0")\n' in warning
        assert 'SummaryWriter(logdir, distributed="per_rank")\n' in warning


@pytest.mark.parametrize("arguments", [["shared"], ["per_rank"]])
def test_ranks_that_are_meant_to_are_not_warned_of(tmp_path, program, arguments):
    assert together(program, 2, tmp_path / "run", *arguments) == ["", ""]


def test_neither_an_earlier_process_nor_a_rank_of_its_own_directory_is_warned_of(tmp_path, program):
    for rank in range(2):
        for _ in range(2):
            process = start(program, rank, 2, tmp_path / "run")
            assert end(process)[1] == ""
    assert run(program, 1, tmp_path / "run") == [("\n", "")]


def test_a_program_that_nobody_launched_is_not_warned_of(tmp_path, program, caplog):
    process = start(program, 0, 1, tmp_path / "run")
    process.stdout.readline()
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("a", 1.0, 1)
    end(process)
    assert not caplog.records

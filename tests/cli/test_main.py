"""What all verbs share: help, errors, exit codes, pipes."""

from __future__ import annotations

import os
import subprocess

import pytest
from command_line import COMMAND, run_process

from tensorboardX.cli import exit_codes, schema
from tensorboardX.cli.main import build_parser
from tensorboardX.cli.verbs import VERBS

NAMES = [verb.__name__.rpartition(".")[2] for verb in VERBS]


def test_the_module_runs_as_the_command(runs):
    done = run_process("ls", runs)
    assert done.returncode == 0
    assert not done.stderr
    assert done.stdout.splitlines()[1].startswith("rate0.1 ")


def test_import_of_the_package_imports_no_part_of_the_command():
    code = (
        "import tensorboardX, sys; sys.exit(any('tensorboardX.' + name in sys.modules for name in ('cli', 'reader')))"
    )
    assert subprocess.run([COMMAND[0], "-c", code]).returncode == 0


@pytest.mark.parametrize("verb", NAMES)
def test_each_verb_has_help_with_examples(verb, command):
    done = command(verb, "--help")
    assert done.code == exit_codes.OK
    assert f"examples:\n  tensorboardx {verb}" in done.out or f"tensorboardx {verb}" in done.out.split("examples:")[1]


def test_a_log_directory_that_is_not_there(command, tmp_path):
    done = command("ls", tmp_path / "nowhere")
    assert done.code == exit_codes.FAILED
    assert (done.out, done.err) == ("", f"tensorboardx: {tmp_path}/nowhere: no such file or directory\n")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["ls", "--run"], ["ls", "--tag", "/(/"]])
def test_arguments_that_cannot_be_understood(arguments, command):
    assert command(*arguments).code == exit_codes.USAGE


def test_a_pipe_that_is_closed_ends_the_command_quietly(runs):
    process = subprocess.Popen([*COMMAND, "ls", str(runs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == exit_codes.BROKEN_PIPE


def test_each_schema_is_one_and_belongs_to_a_verb(command):
    import jsonschema

    verbs = build_parser()._subparsers._group_actions[0].choices
    for name in schema.names():
        assert name in verbs
        jsonschema.Draft202012Validator.check_schema(schema.schema_of(name))
        assert schema.schema_of(name)["properties"]["schema"] == {"const": f"tensorboardx/{name}/1"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_the_code_for_completion_names_the_command(shell, command):
    done = command("completion", shell)
    assert done.code == exit_codes.OK
    assert "tensorboardx" in done.out


def test_a_shell_gets_completions():
    line = "tensorboardx comple"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE_IFS": "\n",
    }
    script = f"exec 8>&1; {COMMAND[0]} -m tensorboardX 8>&1 >/dev/null"
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["completion"]

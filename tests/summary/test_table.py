"""Tables: what each form of rows means, and that every cell is shown as it is."""

from __future__ import annotations

import html
import re
import subprocess
import sys

import numpy as np
import pandas
import polars
import pyarrow
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from support import served
from tensorboard.plugin_util import markdown_to_safe_html

from tensorboardX import SummaryWriter
from tensorboardX.summary.table import markdown, prepare_table, table

HOSTILE = "a|b\n`c` <script>d</script> *e* __f__ [g](h) \\| &amp; http://i"


def shown(rows, headers=None):
    """The cells of a table as a browser shows them, row by row, the headers first."""
    return cells_of(markdown_to_safe_html(markdown("t", rows, headers)))


def cells_of(page):
    rows = re.findall(r"<tr>\n(.*?)</tr>", page, re.DOTALL)
    return [[text_of(cell) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]


def text_of(cell):
    assert not re.search(r"<(?!br>)", cell)  # no other element
    return html.unescape(cell.replace("<br>", "\n"))


def test_dicts_have_a_column_for_each_key():
    rows = [{"a": 1, "b": 0.5}, {"c": None, "a": True}]
    assert shown(rows) == [["a", "b", "c"], ["1", "0.5", ""], ["True", "", ""]]
    assert shown(rows, ["b", "a"]) == [["b", "a"], ["0.5", "1"], ["", "True"]]


def test_sequences_have_headers():
    assert shown([(1, 2), [3, "4"]], ["a", "b"]) == [["a", "b"], ["1", "2"], ["3", "4"]]
    assert shown(np.array([[1, 2], [3, 4]]), ["a", "b"]) == [["a", "b"], ["1", "2"], ["3", "4"]]
    assert shown({"lr": 0.1, "n": 3}.items(), ["", "value"]) == [["", "value"], ["lr", "0.1"], ["n", "3"]]
    with pytest.raises(ValueError, match="'t': rows that are no dicts need headers"):
        markdown("t", [(1, 2)])
    with pytest.raises(ValueError, match=r"'t': got list \[3\]; accepted is 2 cells, one for each header \(row 1\)"):
        markdown("t", [(1, 2), [3]], ["a", "b"])


def test_columns_have_one_length():
    assert shown({"a": [1, 2], "b": torch.tensor([0.1, 0.5])}) == [["a", "b"], ["1", "0.1"], ["2", "0.5"]]
    assert shown({"a": [1], "b": [2]}, ["b"]) == [["b"], ["2"]]
    with pytest.raises(ValueError, match="'t': got columns of several lengths"):
        markdown("t", {"a": [1, 2], "b": [3]})
    with pytest.raises(ValueError, match=r"'t'.*has the column 'c'"):
        markdown("t", {"a": [1, 2]}, ["c"])
    with pytest.raises(TypeError, match=r"'t': got float 0.1; accepted is a sequence of cells as the column 'lr'"):
        markdown("t", {"lr": 0.1})


@pytest.mark.parametrize("make", [pandas.DataFrame, polars.DataFrame, pyarrow.table])
def test_data_frames(make):
    frame = make({"a": [1, 2], "b|c": ["x", "y"]})
    assert shown(frame) == [["a", "b|c"], ["1", "x"], ["2", "y"]]
    assert shown(frame, ["b|c"]) == [["b|c"], ["x"], ["y"]]
    with pytest.raises(ValueError, match=r"'t'.*has the column 'd'"):
        markdown("t", frame, ["d"])


def test_an_index_with_a_meaning_is_the_first_column():
    frame = pandas.DataFrame({"score": [0.5]}, index=pandas.Index(["sums"], name="task"))
    assert shown(frame) == [["task", "score"], ["sums", "0.5"]]
    assert shown(frame.rename_axis(None)) == [["", "score"], ["sums", "0.5"]]
    assert shown(frame.reset_index()) == [["task", "score"], ["sums", "0.5"]]


def test_no_package_of_data_frames_is_imported():
    program = "import sys; from tensorboardX.summary import table; table.markdown('t', [{'a': 1}]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"pandas", "polars", "pyarrow", "torch", "matplotlib"} & set(done.stdout.split())


def test_a_table_may_have_no_rows_but_has_columns():
    assert markdown("t", [], ["a"]) == "| a |\n| --- |"
    assert shown({"a": []})[0] == ["a"]
    for nothing in ({}, [{}]):
        with pytest.raises(ValueError, match=r"'t'.*at least one column"):
            markdown("t", nothing)


@pytest.mark.parametrize("rows", ["text", b"bytes", 3, None, [1, 2], ["ab"], [{"a": 1}, [2]]], ids=repr)
def test_what_is_no_table_is_refused(rows):
    with pytest.raises(TypeError, match=r"'t': got .* accepted is"):
        prepare_table("t", rows, ["a", "b"])


@pytest.mark.parametrize("headers", ["ab", 3, {"a": 1}], ids=repr)
def test_what_are_no_headers_is_refused(headers):
    with pytest.raises(TypeError, match=r"'t': got .* accepted is headers that are a list of names"):
        markdown("t", [(1, 2)], headers)


class Broken(list):
    def __iter__(self):
        raise RuntimeError("no rows today")


@pytest.mark.parametrize(
    ("rows", "headers"), [(Broken(), ["a"]), ([Broken()], ["a"]), ([[1]], Broken()), ({"a": [1]}, [[]])]
)
def test_what_cannot_be_read_is_refused_with_the_tag(rows, headers):
    with pytest.raises(TypeError, match=r"'t': .* cannot be read as a table: "):
        markdown("t", rows, headers)


class Unprintable:
    def __str__(self):
        raise RuntimeError


def test_a_cell_without_a_text_is_refused():
    with pytest.raises(TypeError, match="'t'"):
        markdown("t", [{"a": Unprintable()}])


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co", "Zl", "Zp"])), min_size=1))
@example([HOSTILE.replace("\n", " ")])
@example(
    ["_a_", "__init__", "a_b", "a__b", "_", "__", "a_ _b", "1_000", "é_é_", "\\_x\\_", "~~x~~", "- a", "# a", "---"]
)
@example(
    [
        "![a](b)",
        "<a@b.c>",
        "<http://a>",
        "&lt;",
        "&#124;",
        "[a]: b",
        "`` ` ``",
        "\\",
        "\\\\",
        "**",
        "***a***",
        "{% a %}",
    ]
)
def test_cells_are_shown_as_they_are(texts):
    found = shown([[text] for text in texts], ["h"])[1:]
    assert [[cell.strip() for cell in row] for row in found] == [[text.strip()] for text in texts]


def test_lines_and_control_characters():
    assert shown([["a\nb\r\nc\u2028d\x0be"]], ["h"])[1] == ["a\nb\nc\nd\ne"]
    assert shown([["a\tb\0c\x02d\x1b[0m\x7f"]], ["h"])[1] == ["a b␀c␂d␛[0m␡"]
    assert shown([["x\ud83d"]], ["h"])[1] == ["x?"]


def test_the_text_is_for_the_text_plugin():
    [value] = table("a tag", [{"a": 1}]).value
    assert (value.tag, value.metadata.plugin_data.plugin_name) == ("a tag/text_summary", "text")
    assert value.tensor.string_val == [b"| a |\n| --- |\n| 1 |"]


def test_both_loaders_serve_it(tensorboard, tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_table("tables/evaluation", [{HOSTILE: step, "b": HOSTILE}], step)
    points = served.text(tensorboard(tmp_path))["."]["tables/evaluation/text_summary"]
    assert [step for step, _ in points] == [0, 1, 2]
    for step, page in points:
        inner = page[page.index("<table>", 1) :]  # TensorBoard puts a text into a table of one cell
        assert cells_of(inner) == [[HOSTILE, "b"], [str(step), HOSTILE]]

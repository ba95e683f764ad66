"""Figures that cannot be logged are refused by their tag."""

from __future__ import annotations

import pytest

matplotlib_figure = pytest.importorskip("matplotlib.figure")

from tensorboardX import SummaryWriter  # noqa: E402
from tensorboardX.utils import figure_to_image  # noqa: E402


def figure(**size):
    return matplotlib_figure.Figure(**({"figsize": (0.4, 0.3), "dpi": 100} | size))


def titled(text):
    made = figure()
    made.suptitle(text)
    return made


class Broken(matplotlib_figure.Figure):
    def draw(self, renderer):
        raise RuntimeError("no pens\nleft")


FIGURES = {
    "no figure": (TypeError, lambda: 5, "accepted is a matplotlib figure"),
    "one that is none": (TypeError, lambda: [figure(), None], "accepted is a matplotlib figure"),
    "two sizes": (ValueError, lambda: [figure(), figure(dpi=200)], "sizes 40 x 30, 80 x 60; accepted is .* one size"),
    "no figures": (ValueError, list, "sizes none"),
    "too large": (ValueError, lambda: figure(figsize=(1e6, 1e6)), "cannot be drawn: Image size"),
    "a wrong formula": (ValueError, lambda: titled("$\\frac{$"), "cannot be drawn"),
    "broken": (ValueError, Broken, "cannot be drawn: no pens left"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_what_cannot_be_drawn_is_refused_by_its_tag(tmp_path, name):
    error, make, message = FIGURES[name]
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(error, match=rf"^tag 'my/tag': .*{message}") as caught:
            writer.add_figure("my/tag", make(), 0)
        assert "\n" not in str(caught.value)


def test_figures_of_one_size_are_a_batch():
    assert figure_to_image(figure()).shape == (3, 30, 40)
    assert figure_to_image([figure(), figure()]).shape == (2, 3, 30, 40)

"""For each add_* of SummaryWriter, a strategy of its arguments: plausible ones, a few replaced by hostile ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from . import hostile_models as models
from . import strategies as of

Arguments = dict[str, Any]


class Case(NamedTuple):
    """One method, with arguments it mostly accepts, what may stand in their place, and the tags it then stores."""

    method: str
    good: st.SearchStrategy[Arguments]
    bad: Mapping[str, st.SearchStrategy[Any]] = MappingProxyType({})
    tags: Callable[[Arguments], list[str]] = lambda arguments: [cleaned(arguments["tag"])]

    def arguments(self) -> st.SearchStrategy[Arguments]:
        return _with_some_bad(self.good, self.bad)


MOST_BYTES = 12_000


def plain(tag: str) -> str:
    """A tag as UTF-8 and a URL can hold it."""
    return _fitting(_utf8(tag))


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def cleaned(tag: str) -> str:
    """A tag as tensorboardX stores that of a scalar, histogram, image or video."""
    return _fitting(re.sub(r"[^-/\w.]", "_", _utf8(tag)).lstrip("/"))


def _fitting(tag: str) -> str:
    encoded = tag.encode()
    if len(encoded) <= MOST_BYTES:
        return tag
    return encoded[: MOST_BYTES - 17].decode(errors="ignore") + "-" + hashlib.sha256(encoded).hexdigest()[:16]


def blob(arguments: Arguments) -> list[str]:
    """The tag of an image or audio, without what the data server cannot have in the key of one."""
    return [plain(re.sub(r'["\\\x00-\x1f]', "_", arguments["tag"]))]


def curve(arguments: Arguments) -> list[str]:
    """The tag of a curve, of which TensorBoard serves none that is empty."""
    return [plain(arguments["tag"]) or "_"]


def kept(arguments: Arguments) -> list[str]:
    return [plain(arguments["tag"])]


@st.composite
def _with_some_bad(draw: Any, good: st.SearchStrategy[Arguments], bad: Mapping[str, Any]) -> Arguments:
    arguments = dict(draw(good))
    candidates = st.sampled_from(sorted(arguments.keys() | bad.keys()))
    for name in draw(
        st.sampled_from([0, 0, 1, 1, 1, 2]).flatmap(lambda n: st.lists(candidates, max_size=n, min_size=n))
    ):
        arguments[name] = draw(bad.get(name, _BAD.get(name, of.values())))
    return arguments


_FLAG = st.sampled_from([None, 0, 1, 2.5, "", "no", b"", (), {}])
_FLAGS = dict.fromkeys(("close", "verbose", "use_strict_trace", "new_style", "double_precision"), _FLAG)
_BAD = {"global_step": of.bad_steps(), "walltime": of.bad_times(), "tag": of.junk(), **_FLAGS}


def _call(draw: Any, **arguments: st.SearchStrategy[Any]) -> Arguments:
    """Arguments with a tag, and in most calls a step and a wall time."""
    drawn = {"tag": draw(of.names()), **{name: draw(strategy) for name, strategy in arguments.items()}}
    drawn["global_step"] = draw(of.good_steps())
    drawn["walltime"] = draw(of.good_times())
    return drawn


@st.composite
def _tagged(draw: Any, **arguments: st.SearchStrategy[Any]) -> Arguments:
    return _call(draw, **arguments)


def _fixed(**arguments: Any) -> st.SearchStrategy[Arguments]:
    return st.fixed_dictionaries(arguments)


# ---- numbers

_NUMBER = st.one_of(st.floats(), st.integers(-(10**6), 10**6), of.numbers())
_NUMBERS = st.dictionaries(of.names(), _NUMBER, max_size=3)
_LABELS = {"display_name": st.one_of(of.names(), of.junk()), "summary_description": st.one_of(of.names(), of.junk())}
_EDGES = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=5).map(sorted)
_BINS = st.one_of(
    st.sampled_from(["tensorflow", "compact", "auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt"]),
    st.integers(1, 50),
    _EDGES,
)
_VALUES = st.one_of(of.real_arrays(of.shapes()), st.lists(st.floats(), max_size=20))


@st.composite
def _raw_histogram(draw: Any) -> Arguments:
    count = draw(st.integers(0, 6))
    row = npst.arrays(np.float64, count, elements=st.floats(0, 1e6))
    moments = dict.fromkeys(("min", "max", "num", "sum", "sum_squares"), st.floats(0, 1e9))
    limits = row.map(np.sort)
    return _call(draw, **moments, bucket_limits=limits, bucket_counts=st.one_of(row, row.map(np.ndarray.tolist)))


@st.composite
def _series(draw: Any) -> Arguments:
    count = draw(st.integers(0, 6))
    steps = npst.arrays(np.int64, count)
    times = npst.arrays(np.float64, count, elements=st.floats(-1e12, 1e12))
    return {
        "tag": draw(of.names()),
        "values": draw(of.real_arrays((count,))),
        "steps": draw(st.one_of(st.none(), steps, steps.map(np.sort), steps.map(torch.from_numpy))),
        "walltimes": draw(st.one_of(st.none(), st.floats(-1e300, 1e300), times)),
    }


@st.composite
def _pr_curve(draw: Any) -> Arguments:
    shape = draw(of.shapes(max_dims=3))
    labels = npst.arrays(np.int64, shape, elements=st.integers(0, 1))
    weights = st.one_of(st.none(), st.floats(0, 1e300), of.real_arrays(shape))
    predictions = npst.arrays(np.float64, shape, elements=st.floats(0, 1))
    return _call(
        draw,
        labels=st.one_of(labels, labels.map(np.bool_), labels.map(torch.from_numpy)),
        predictions=st.one_of(predictions, predictions.map(np.float16), predictions.map(np.longdouble)),
        num_thresholds=st.integers(2, 300),
        weights=weights,
    )


@st.composite
def _raw_pr_curve(draw: Any) -> Arguments:
    count = draw(st.integers(1, 6))
    counts = st.one_of(npst.arrays(np.float64, count, elements=st.floats(0, 1e6)), npst.arrays(np.int64, count))
    names = [f"{kind}_counts" for kind in ("true_positive", "false_positive", "true_negative", "false_negative")]
    rows = dict.fromkeys(names, counts) | dict.fromkeys(["precision", "recall"], of.real_arrays((count,)))
    return _call(draw, **rows)


_PATTERN = st.one_of(
    of.names().map(re.escape), st.sampled_from(["loss", "train/.*", "[", "(?i)x", "a{99999999999}", "(" * 200])
)
_MULTILINE = st.tuples(st.sampled_from(["Multiline", "multiline"]), st.lists(_PATTERN, max_size=3)).map(list)
_MARGIN = st.tuples(st.just("Margin"), st.lists(of.names(), min_size=3, max_size=3)).map(list)
_CHARTS = st.dictionaries(of.names(), st.one_of(_MULTILINE, _MARGIN), max_size=2)
_LAYOUT_TAG = ["custom_scalars__config__"]

_HPARAM = st.one_of(_NUMBER, of.names(), of.values())
_DOMAIN = st.one_of(st.none(), st.dictionaries(of.names(), st.lists(of.numbers(), max_size=2), max_size=1))


def _scalars_tags(arguments: Arguments) -> list[str]:
    return [cleaned(arguments["main_tag"])] * len({_utf8(key) for key in arguments["tag_scalar_dict"]})


def _hparams_tags(arguments: Arguments) -> list[str]:
    start, end = "_hparams_/session_start_info", "_hparams_/session_end_info"
    metrics = dict.fromkeys(map(cleaned, arguments["metric_dict"]))
    return [*(["_hparams_/experiment"] if arguments.get("hparam_domain_discrete") else []), start, end, *metrics]


# ---- images, videos, audio and meshes

_FORMATS = st.sampled_from(["HW", "CHW", "HWC", "WHC", "chw", "NCHW", "NHWC", "CWNH"])
_SIDES = st.integers(1, 5)


@st.composite
def _pixels(draw: Any, formats: st.SearchStrategy[str], channels: list[int]) -> tuple[Any, str]:
    axes = draw(formats)
    sizes = {"C": draw(st.sampled_from(channels)), "N": draw(_SIDES), "T": draw(_SIDES)}
    shape = tuple(sizes.get(axis.upper()) or draw(_SIDES) for axis in axes)
    return draw(of.real_arrays(shape)), axes


def _picture(
    formats: st.SearchStrategy[str], parameter: str = "img_tensor", channels: Any = (1, 2, 3, 4), **more: Any
) -> Any:
    @st.composite
    def drawn(draw: Any) -> Arguments:
        pixels, axes = draw(_pixels(formats, list(channels)))
        return {**_call(draw, **more), parameter: pixels, "dataformats": axes}

    return drawn()


_BOXES = st.integers(0, 3).flatmap(
    lambda n: npst.arrays(np.float64, (n, 4), elements=st.floats(allow_nan=False, allow_infinity=False))
)
_BOX_LABELS = st.one_of(
    st.none(), of.names(), st.lists(st.one_of(of.names(), of.junk()), max_size=3), st.just("y" * 2_000_000)
)
_RESCALE = st.one_of(st.floats(0.01, 5), st.just(1))
_BAD_RESCALE = st.one_of(of.values(), st.sampled_from([0, -1, 1e-300, 1e5, 1e9, 1e300, float("inf")]))


_CELL = st.one_of(of.names(), of.numbers(), of.any_text(40), st.none())
_ROWS = st.one_of(
    st.lists(st.lists(_CELL, min_size=2, max_size=2), max_size=3),
    st.lists(st.dictionaries(of.names(), _CELL, min_size=1, max_size=2), min_size=1, max_size=3),
    st.dictionaries(of.names(), st.lists(_CELL, min_size=2, max_size=2), min_size=1, max_size=3),
)
_SOUND = st.one_of(
    of.real_arrays(st.sampled_from([(5,), (1, 5), (5, 1), (5, 2)])),
    npst.arrays(st.sampled_from([np.dtype(np.int16), np.dtype(">i4"), np.dtype(np.float16)]), (7,)),
)
_RATE = st.one_of(st.integers(1, 96000), st.sampled_from([44100, 8000.5, 2**30 - 1, np.int32(16000)]))


@st.composite
def _mesh(draw: Any) -> Arguments:
    batch, count, faces = draw(st.integers(1, 2)), draw(st.integers(1, 4)), draw(st.integers(0, 3))
    triangles = npst.arrays(draw(st.sampled_from([np.int64, np.uint8, np.float32])), (batch, faces, 3))
    return _call(
        draw,
        vertices=of.real_arrays((batch, count, 3)),
        colors=st.one_of(st.none(), of.real_arrays((batch, count, 3))),
        faces=st.one_of(st.none(), triangles.map(lambda a: np.abs(np.nan_to_num(a)) % count)),
        config_dict=st.one_of(st.none(), st.dictionaries(of.names(), st.one_of(of.names(), st.integers()), max_size=2)),
    )


# ---- models


@st.composite
def _embedding(draw: Any) -> Arguments:
    count, side = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    labels = st.lists(st.one_of(of.names(), of.numbers()), min_size=count, max_size=count)
    columns = draw(st.lists(of.names(), min_size=1, max_size=3))
    rows = st.lists(st.lists(of.names(), min_size=len(columns), max_size=len(columns)), min_size=count, max_size=count)
    header = draw(st.booleans())
    return {
        "mat": draw(of.real_arrays((count, draw(st.integers(1, 3))))),
        "metadata": draw(rows if header else st.one_of(st.none(), labels)),
        "metadata_header": columns if header else None,
        "label_img": draw(st.one_of(st.none(), of.real_arrays((count, draw(st.sampled_from([1, 3, 4])), side, side)))),
        "global_step": draw(of.good_steps()),
        "tag": draw(of.names()),
    }


def _is_empty_list(images: Any) -> bool:
    """Whether `add_images` is given no image, and writes nothing."""
    return isinstance(images, (list, tuple)) and not images


# ---- all of them

CASES: dict[str, Case] = {
    "add_scalar": Case("add_scalar", _tagged(scalar_value=_NUMBER), _LABELS),
    "add_scalar_named": Case(
        "add_scalar", _tagged(scalar_value=_NUMBER, display_name=of.names(), summary_description=of.names())
    ),
    "add_scalar_new_style": Case("add_scalar", _tagged(scalar_value=_NUMBER, new_style=st.just(True))),
    "add_scalar_double": Case("add_scalar", _tagged(scalar_value=_NUMBER, double_precision=st.just(True))),
    "add_scalars": Case(
        "add_scalars",
        _tagged(tag_scalar_dict=_NUMBERS).map(lambda a: {"main_tag": a.pop("tag"), **a}),
        {"main_tag": of.junk(), "tag_scalar_dict": st.one_of(of.junk(), of.mappings(of.values()))},
        _scalars_tags,
    ),
    "add_scalars_at_step": Case(
        "add_scalars_at_step",
        _fixed(values=_NUMBERS, global_step=of.good_steps(), walltime=of.good_times()),
        {"values": st.one_of(of.junk(), of.mappings(of.values()))},
        lambda arguments: [cleaned(tag) for tag in arguments["values"]],
    ),
    "add_scalar_series": Case(
        "add_scalar_series", _series(), {}, lambda arguments: [cleaned(arguments["tag"])] * len(arguments["values"])
    ),
    "add_histogram": Case(
        "add_histogram", _tagged(values=_VALUES, bins=_BINS, max_bins=st.one_of(st.none(), st.integers(1, 50)))
    ),
    "add_histogram_raw": Case("add_histogram_raw", _raw_histogram(), {}, kept),
    "add_tensor": Case("add_tensor", _tagged(tensor=st.one_of(of.real_arrays(of.shapes()), of.tensors())), {}, kept),
    "add_pr_curve": Case("add_pr_curve", _pr_curve(), {}, curve),
    "add_pr_curve_raw": Case(
        "add_pr_curve_raw", _raw_pr_curve(), {"num_thresholds": of.values(), "weights": of.values()}, curve
    ),
    "add_custom_scalars": Case(
        "add_custom_scalars",
        _fixed(layout=st.dictionaries(of.names(), _CHARTS, max_size=2)),
        {"layout": st.one_of(of.junk(), of.mappings(of.mappings(of.values())), of.mappings(of.values()))},
        lambda arguments: _LAYOUT_TAG,
    ),
    "add_custom_scalars_multilinechart": Case(
        "add_custom_scalars_multilinechart",
        _fixed(tags=st.lists(_PATTERN, max_size=3), category=of.names(), title=of.names()),
        {"tags": st.one_of(of.values(), st.lists(of.junk()))},
        lambda arguments: _LAYOUT_TAG,
    ),
    "add_custom_scalars_marginchart": Case(
        "add_custom_scalars_marginchart",
        _fixed(tags=st.lists(of.names(), min_size=3, max_size=3), category=of.names(), title=of.names()),
        {"tags": st.one_of(of.values(), st.lists(of.junk()))},
        lambda arguments: _LAYOUT_TAG,
    ),
    "add_hparams": Case(
        "add_hparams",
        _fixed(
            hparam_dict=st.dictionaries(of.names(), _HPARAM, max_size=3),
            metric_dict=_NUMBERS,
            name=st.one_of(st.none(), of.names(), of.names()),
            global_step=of.good_steps(),
        ),
        {
            "hparam_dict": st.one_of(of.junk(), of.mappings(of.values())),
            "metric_dict": st.one_of(of.junk(), of.mappings(of.values())),
            "hparam_domain_discrete": st.one_of(of.junk(), _DOMAIN),
            "run_name": of.values(),
        },
        _hparams_tags,
    ),
    "add_image": Case("add_image", _picture(_FORMATS), {"dataformats": of.names()}),
    "add_images": Case(
        "add_images",
        _picture(st.sampled_from(["NCHW", "NHWC", "CHW", "cnwh"])),
        {"dataformats": of.names()},
        lambda arguments: [] if _is_empty_list(arguments["img_tensor"]) else [cleaned(arguments["tag"])],
    ),
    "add_image_with_boxes": Case(
        "add_image_with_boxes",
        _picture(_FORMATS, box_tensor=_BOXES, labels=_BOX_LABELS, rescale=_RESCALE),
        {"rescale": _BAD_RESCALE, "dataformats": of.names()},
        blob,
    ),
    "add_figure": Case("add_figure", _tagged(figure=models.FIGURES, close=st.booleans())),
    "add_video": Case(
        "add_video",
        _picture(
            st.sampled_from(["NTCHW", "ntchw", "CHWNT", "TNHWC"]),
            "vid_tensor",
            fps=st.one_of(st.just(4), st.floats(0.01, 1e6)),
        ),
        {"dataformats": of.names()},
    ),
    "add_audio": Case(
        "add_audio", _tagged(snd_tensor=_SOUND, sample_rate=_RATE), {}, lambda arguments: 2 * blob(arguments)
    ),
    "add_text": Case(
        "add_text",
        _tagged(text_string=of.names()),
        {},
        lambda arguments: [f"{plain(arguments['tag'])}/text_summary"],
    ),
    "add_table": Case(
        "add_table",
        _tagged(rows=_ROWS, headers=st.one_of(st.none(), st.lists(of.names(), min_size=2, max_size=2))),
        {"rows": of.values(), "headers": of.junk()},
        lambda arguments: [f"{plain(arguments['tag'])}/text_summary"],
    ),
    "add_mesh": Case(
        "add_mesh",
        _mesh(),
        {},
        lambda arguments: [
            f"{plain(arguments['tag'])}_{kind}"
            for kind, name in ((1, "vertices"), (2, "faces"), (3, "colors"))
            if arguments[name] is not None
        ],
    ),
    "add_embedding": Case("add_embedding", _embedding(), {}, lambda arguments: []),
    "add_graph": Case(
        "add_graph",
        _fixed(
            model=models.MODELS,
            input_to_model=st.just(torch.ones(1, 1)),
            verbose=st.booleans(),
            use_strict_trace=st.booleans(),
        ),
        {"model": models.NO_MODELS, "input_to_model": st.none()},
        lambda arguments: [],
    ),
    "add_onnx_graph": Case(
        "add_onnx_graph",
        _fixed(onnx_model_file=st.sampled_from(models.ONNX)),
        {"onnx_model_file": st.sampled_from(models.NO_FILES), "prototxt": st.sampled_from(models.NO_FILES)},
        lambda arguments: [],
    ),
    "add_openvino_graph": Case(
        "add_openvino_graph",
        _fixed(xmlname=st.sampled_from(models.XML)),
        {"xmlname": st.sampled_from(models.NO_FILES)},
        lambda arguments: [],
    ),
}

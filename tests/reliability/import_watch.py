"""A program whose writer thread is watched for imports: each case runs in a fork that has imported nothing but us.

    python import_watch.py LOGDIR PICKLED_WRITER

Prints a line for each case: its name and what other threads than the main one have imported, as JSON.
"""

import builtins
import json
import os
import sys
import threading

LOGDIR = sys.argv[1]
IMAGES = ("PNG", "JPEG", "WEBP")
BINS = ("tensorflow", "compact", "auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt")

imported = []


def is_writer_thread():
    return threading.current_thread() is not threading.main_thread()


class Watch:
    """Hears of each module that is looked for, whoever asks."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if is_writer_thread():
            imported.append(name)
        return None


def watched_import(name, globals=None, locals=None, fromlist=(), level=0, real=builtins.__import__):
    """Hears of import statements for modules that are not there, or that another thread is still importing."""
    if is_writer_thread():
        package = ((globals or {}).get("__package__") or "").split(".")
        full = ".".join([*package[: len(package) - level + 1], *filter(None, [name])]) if level else name
        module = sys.modules.get(full)
        if module is None or getattr(getattr(module, "__spec__", None), "_initializing", False):
            imported.append(full)
    return real(name, globals, locals, fromlist, level)


sys.meta_path.insert(0, Watch())
builtins.__import__ = watched_import

import numpy as np  # noqa: E402 (none of its lazy modules, such as numpy.random)

from tensorboardX import GlobalSummaryWriter, SummaryWriter, proto  # noqa: E402

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def several(name, choices, log):
    for choice in choices:
        CASES[f"{name} {choice}"] = lambda logdir, choice=choice: with_writer(logdir, lambda w: log(w, choice))


def simple(name, log):
    CASES[name] = lambda logdir: with_writer(logdir, log)


def with_writer(logdir, log, make=SummaryWriter, **options):
    writer = make(logdir, **options)
    log(writer)
    writer.flush()
    log(writer)
    writer.close()


def numbers(*shape):
    """Numbers in [0, 1), no two alike."""
    count = int(np.prod(shape))
    return (np.arange(count) * 0.618 % 1).reshape(shape)


PIXELS = numbers(3, 40, 40)  # more than 256 colours
HOT = PIXELS * 3 - 1  # out of range
BOXES = [[1, 1, 30, 30], [2, 2, 20, 20]]
LABELS = ["plain", "ä漢"]
VIDEO = numbers(2, 3, 3, 80, 80)
LAYOUT = {"category": {"chart": ["Multiline", ["loss"]], "other": ["Margin", ["a", "b", "c"]]}}
MESH = (numbers(1, 4, 3), numbers(1, 4, 3) * 300, [[[0, 1, 2]]], {"camera": {"cls": "PerspectiveCamera"}})
CURVE = ([1, 2], [1, 2], [1, 2], [1, 2], [0.5, 0.5], [0.5, 0.5])

simple("add_scalar", lambda w: [w.add_scalar("a", value, 1) for value in (1.0, float("nan"), 1e300, np.float32(1))])
simple("add_scalar named", lambda w: w.add_scalar("a", 1.0, 1, display_name="A", summary_description="*a*"))
simple("add_scalar new", lambda w: w.add_scalar("a", 1.0, 1, new_style=True, double_precision=True))
simple("add_scalar overlong", lambda w: w.add_scalar("a" * 20_000, 1.0, 1))
simple("add_scalars", lambda w: w.add_scalars("a", {"x": 1.0, "y" * 300: 2.0}, 1))
simple("add_scalars_at_step", lambda w: w.add_scalars_at_step({"a": 1.0, "b" * 20_000: 2.0}, 1))
simple("add_scalar_series", lambda w: w.add_scalar_series("a", np.arange(1000.0), np.arange(1000) * 1000 - 10))
several("add_histogram", (*BINS, 7, [0.0, 0.5, 1.0]), lambda w, bins: w.add_histogram("a", PIXELS, 1, bins=bins))
several("add_histogram hot", BINS, lambda w, bins: w.add_histogram("a", [1e30, float("nan"), 0], 1, bins, max_bins=9))
simple("add_histogram_raw", lambda w: w.add_histogram_raw("a", 0, 1, 2, 3, 4, [1.0, 2.0], [1, 1], 1))
simple("add_images", lambda w: [w.add_images("a", [PIXELS, PIXELS], 1), w.add_images("b", PIXELS[:, None], 1)])
simple("add_image grey", lambda w: w.add_image("a", PIXELS[0], 1, dataformats="HW"))
simple("add_image alpha", lambda w: w.add_image("a", PIXELS[[0, 1, 2, 0]], 1))
simple("add_image_with_boxes", lambda w: w.add_image_with_boxes("a", PIXELS, BOXES, 1))
simple("add_image_with_boxes labels", lambda w: w.add_image_with_boxes("a", HOT, BOXES, 1, labels=LABELS, rescale=2))
simple("add_video", lambda w: w.add_video("a", VIDEO, 1))
simple("add_video few colours", lambda w: w.add_video("a", VIDEO.round()[:, :, :1, :9, :9], 1, fps=100))
simple(
    "add_audio", lambda w: [w.add_audio("a", samples, 1) for samples in (PIXELS[0, 0] * 3, np.arange(9, dtype="i4"))]
)
simple("add_text", lambda w: w.add_text("a", "ä\ud800", 1))
simple("add_table", lambda w: w.add_table("a", [{"x": "|", "ä": PIXELS}], 1))
simple("log", lambda w: w.log({"a": 1, "b": {"c": "x", "d": PIXELS, "f": float("nan")}}, 1))
simple("add_mesh", lambda w: w.add_mesh("a", *MESH))
simple("add_pr_curve", lambda w: w.add_pr_curve("a", [0, 1], [0.1, 0.9], 1, 200, weights=[0.5, 2]))
simple("add_pr_curve_raw", lambda w: w.add_pr_curve_raw("a", *CURVE, 1))
simple("add_tensor", lambda w: [w.add_tensor("a", PIXELS.astype(kind), 1) for kind in ("f2", ">f8", "i8", "c16", "?")])
simple("add_custom_scalars", lambda w: w.add_custom_scalars(LAYOUT))
simple("add_hparams", lambda w: w.add_hparams({"lr": 1, "s": "x"}, {"m": 2.0}, hparam_domain_discrete={"lr": [1, 2]}))
simple("add_embedding", lambda w: w.add_embedding(PIXELS[0], ["x"] * 40, HOT[None, :, :9, :9].repeat(40, 0), 1))
simple(
    "add_embedding text", lambda w: w.add_embedding(np.zeros((2, 3)), [["x", 1]] * 2, None, 1, "t" * 300, ["a", "b"])
)
simple("add_summary", lambda w: w.file_writer.add_summary(proto.summary_pb2.Summary(), 1))
for name in IMAGES:
    for tag, pixels in (("", PIXELS), (" alpha", HOT[[0, 1, 2, 0]]), (" large", np.zeros((1, 2, 70_000), np.uint8))):
        CASES[f"add_image {name}{tag}"] = lambda logdir, name=name, pixels=pixels: with_writer(
            logdir, lambda w: w.add_image("a", pixels, 1), image_format=name
        )


@case
def add_embedding_over_a_broken_config(logdir):
    os.mkdir(logdir)
    with open(f"{logdir}/projector_config.pbtxt", "w") as file:
        file.write("}")
    with_writer(logdir, lambda w: w.add_embedding(PIXELS[0]))


@case
def add_figure(logdir):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.gca().plot([1, 2])
    with_writer(logdir, lambda w: w.add_figure("a", figure, 1, close=False))


@case
def add_graph(logdir):
    import torch

    with_writer(logdir, lambda w: w.add_graph(torch.nn.Linear(2, 2), torch.ones(1, 2)))


@case
def add_histogram_of_a_tensor_on_a_device(logdir):
    import torch

    from tensorboardX.values import accelerators

    accelerators.is_accelerator = lambda device: True  # a CPU can do it too
    tensor = torch.ones(1000)
    with_writer(logdir, lambda w: [w.add_histogram("a", tensor, 1, bins) for bins in ("tensorflow", "compact")])


def log_values_of_a_device(writer, one, array):
    for step in range(3):
        writer.add_scalar("a", one, step)
        writer.add_scalar("b", one, step, display_name="B")
        writer.add_scalar("c", one, step, double_precision=True)
        writer.add_scalars_at_step({f"{index}": one for index in range(9)}, step)
        writer.add_tensor("d", array, step)


@case
def add_scalar_of_a_device(logdir):
    import torch

    from tensorboardX.values import accelerators

    accelerators.is_accelerator = lambda device: True  # a CPU can do it too
    torch.Tensor.is_cpu = False
    with_writer(logdir, lambda w: log_values_of_a_device(w, torch.ones(()), torch.ones(3, dtype=torch.bfloat16)))


@case
def add_scalar_of_jax(logdir):
    try:
        import jax.numpy as jnp
    except ImportError:
        return

    def log(writer):
        matrix = jnp.full((300, 300), 1e-3)
        for _ in range(300):
            matrix = matrix @ matrix
        log_values_of_a_device(writer, matrix[0, 0], matrix[0].astype(jnp.bfloat16))

    with_writer(logdir, log)


@case
def unpickled(logdir):
    """The first event file is opened by the writer thread."""
    import pickle

    with open(sys.argv[2], "rb") as file:
        writer = pickle.load(file)
    writer.add_scalar("a", 1.0, 1)
    writer.close()


@case
def forked(logdir):
    """The same, in the child of a process that has logged nothing yet."""
    with SummaryWriter(logdir) as writer:
        if os.fork() == 0:
            writer.add_image("a", PIXELS, 1)
            writer.add_scalars("b", {"x": 1.0}, 1)
            writer.close()
            report("forked child")
        os.wait()


@case
def full_store(logdir):
    """What is said of a store that fails is said by the writer thread."""
    from tensorboardX.record_writer import register_writer_factory
    from tensorboardX.testing import FaultyStore, fail

    store = FaultyStore()
    register_writer_factory("faulty", store)
    store_writer = SummaryWriter("faulty:run")
    store.next += [fail(28), fail(28)]
    store_writer.add_scalar("a", 1.0, 1)
    store_writer.close()


@case
def encoder_that_fails(logdir):
    """Its traceback is logged by the writer thread."""
    with_writer(logdir, lambda w: w.file_writer.add_deferred("a", lambda: 1 / 0, 1))


@case
def reduced_ranks(logdir):
    """The thread of the reducer: it reads, reduces, warns of a slow rank, and ends."""
    os.environ.update(RANK="0", WORLD_SIZE="2")
    for _ in range(2):  # the second one goes on where the first has ended
        writer = SummaryWriter(logdir, distributed="per_rank", reduce=["time/*"], purge_step=1)
        with SummaryWriter(f"{logdir}/rank_1") as other:
            for step in range(20):
                writer.add_scalar("time/a", 1.0, step)
                other.add_scalar("time/a", 2.0, step)
        writer.add_scalar("time/a", float("nan"), 20)
        writer.close()


@case
def object_store(logdir):
    with_writer(f"memory://{logdir}", lambda w: w.add_embedding(PIXELS[0]))


GLOBAL = {
    "add_scalar": (1.0,),
    "add_image": (PIXELS,),
    "add_images": (PIXELS[None],),
    "add_image_with_boxes": (PIXELS, BOXES),
    "add_text": ("x",),
    "add_table": ([(1, 2)], ["a", "b"]),
    "add_histogram": (PIXELS, "auto"),
    "add_audio": (PIXELS[0, 0],),
    "add_video": (VIDEO,),
    "add_tensor": (PIXELS,),
    "add_pr_curve": ([0, 1], [0.1, 0.9]),
    "add_mesh": MESH[:1],
}
for method, values in GLOBAL.items():
    CASES[f"global {method}"] = lambda logdir, method=method, values=values: with_writer(
        logdir, lambda w: getattr(w, method)("a", *values), make=GlobalSummaryWriter
    )
CASES["global log"] = lambda logdir: with_writer(
    logdir, lambda w: w.log({"a": 1.0, "b": {"c": "x"}}), make=GlobalSummaryWriter
)


def report(name):
    print(json.dumps([name, imported]), flush=True)
    os._exit(0)


def uncovered():
    """The methods of both writers that no case calls."""
    called = {name.split()[0] for name in CASES} | {"add_figure", "add_graph"}
    needs_nothing_behind = {
        "add_onnx_graph",  # all is done in the caller
        "add_openvino_graph",
        "add_custom_scalars_marginchart",  # these call add_custom_scalars
        "add_custom_scalars_multilinechart",
    }
    methods = {name for name in dir(SummaryWriter) if name.startswith("add_")} - needs_nothing_behind
    of_global = {name for name in dir(GlobalSummaryWriter) if name.startswith("add_")} - {"add_figure"}
    return sorted(methods - called) + sorted(of_global - GLOBAL.keys())


if __name__ == "__main__":
    print(json.dumps(["uncovered", uncovered()]), flush=True)
    for number, (name, run) in enumerate(CASES.items()):
        pid = os.fork()
        if pid == 0:
            run(f"{LOGDIR}/{number}")
            report(name)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
            sys.exit(f"{name} failed")

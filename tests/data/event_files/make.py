"""Writes the event files of this directory with TensorFlow, which the tests do without.

    python make.py    # in an environment with tensorflow-cpu 2.21.0 and tensorboard 2.21.0

`tf2/` is what `tf.summary` of TensorFlow 2 and TensorBoard's plugins write, `tf1/` what `tf.compat.v1.summary` writes:
its FileWriter leaves the metadata away from the second value of a tag on. `tf2_steps/` has every kind at several steps,
and tensors whose metadata is with the first value only. All are as they were written.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import summary as custom_scalar_summary
from tensorboard.plugins.hparams import api as hp
from tensorboard.plugins.mesh import summary_v2 as mesh_summary
from tensorboard.plugins.pr_curve import summary as pr_curve_summary

HERE = Path(__file__).resolve().parent
RNG = np.random.default_rng(7)
STEPS = (0, 1, 127, 128, 70000)


def new(name: str) -> str:
    shutil.rmtree(HERE / name, ignore_errors=True)
    return str(HERE / name)


def write_tf2() -> None:
    writer = tf.summary.create_file_writer(new("tf2"))
    with writer.as_default():
        hp.hparams({"rate": 0.5, "layers": 3, "name": "net", "bias": True}, trial_id="trial")
        for step in STEPS:
            tf.summary.scalar("loss", 1 / (step + 1), step=step, description="**the** loss")
            tf.summary.scalar("train/accuracy", step, step=step)
            tf.summary.histogram("weights", RNG.normal(size=100), step=step)
            tf.summary.text("note", f"step {step}", step=step)
        tf.summary.scalar("int", tf.constant(3), step=1)
        tf.summary.histogram("empty", [], step=1)
        tf.summary.histogram("buckets", RNG.normal(size=100), step=1, buckets=5)
        tf.summary.image("images", RNG.random((3, 4, 5, 3)), step=1, max_outputs=2)
        tf.summary.audio("audio", RNG.random((2, 50, 2)).astype(np.float32) - 0.5, 8000, step=1, encoding="wav")
        tf.summary.text("table", [["a", "b"], ["c", "ü"]], step=1)
        tf.summary.write("plain", tf.constant([[1, 2], [3, 4]], tf.int64), step=1)
        for dtype in (tf.bool, tf.uint8, tf.int16, tf.float16, tf.bfloat16, tf.float64, tf.complex64, tf.string):
            value = tf.constant(["x", "yz"]) if dtype is tf.string else tf.cast(tf.constant([0, 1]), dtype)
            metadata = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "own"})
            tf.summary.write(f"tensor/{dtype.name}", value, step=2, metadata=metadata)
        vertices = tf.constant(RNG.random((1, 4, 3)), tf.float32)
        faces = tf.constant([[[0, 1, 2], [1, 2, 3]]], tf.int32)
        mesh_summary.mesh("mesh", vertices, faces=faces, colors=tf.cast(vertices * 255, tf.uint8), step=1)
        labels, predictions = RNG.random(50) > 0.5, RNG.random(50)
        curve = pr_curve_summary.pb("curve", labels, predictions, num_thresholds=9)
        tf.summary.experimental.write_raw_pb(curve.SerializeToString(), step=1)
        layout = custom_scalar_summary.pb(layout_pb2.Layout(category=[layout_pb2.Category(title="x")]))
        tf.summary.experimental.write_raw_pb(layout.SerializeToString(), step=1)
        tf.summary.trace_on(graph=True)
        tf.function(lambda x: x * 2)(tf.constant(1.0))
        tf.summary.trace_export("traced", step=1)
    writer.close()


def write_tf2_steps() -> None:
    rng = np.random.default_rng(9)
    writer = tf.summary.create_file_writer(new("tf2_steps"))
    with writer.as_default():
        for step in STEPS:
            tf.summary.scalar("loss", 1 / (step + 1), step=step)
            tf.summary.histogram("weights", rng.normal(size=50), step=step, buckets=7)
            tf.summary.image("images", rng.random((2, 6, 7, 3)), step=step)
            tf.summary.audio("audio", rng.random((2, 40, 1)).astype(np.float32) - 0.5, 8000, step=step)
            tf.summary.text("note", [f"step {step}", "more"], step=step)
            own = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "own"})
            tensor = tf.constant(rng.normal(size=(2, 3)))
            tf.summary.write("tensor", tensor, step=step, metadata=own if step == 0 else None)
            as_scalar = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"})
            number = tf.constant(step / 3, tf.float32)
            tf.summary.write("number", number, step=step, metadata=as_scalar if step == 0 else None)
    writer.close()


def write_tf1() -> None:
    summary = tf.compat.v1.summary
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        value = tf.compat.v1.placeholder(tf.float32, [], "value")
        merged = summary.merge(
            [
                summary.scalar("loss", value),
                summary.histogram("weights", value * tf.constant([1.0, 2.0, -3.0])),
                summary.image("images", tf.reshape(tf.range(32.0) * value, (2, 4, 4, 1)), max_outputs=2),
                summary.audio("audio", tf.reshape(tf.range(20.0) / 20, (1, 20, 1)), 8000),
                summary.text("note", tf.as_string(value)),
                summary.tensor_summary("tensor", tf.stack([value, value])),
            ]
        )
        writer = summary.FileWriter(new("tf1"), session.graph)
        writer.add_session_log(tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START), 0)
        for step in STEPS:
            writer.add_summary(session.run(merged, {value: step / 7}), step)
        writer.add_run_metadata(tf.compat.v1.RunMetadata(), "profiled", 1)
        writer.close()


def rename(name: str) -> None:
    """Give a file a name without time and host."""
    for path in (HERE / name).rglob("*tfevents*"):
        path.rename(path.with_name(f"events.out.tfevents.{name}"))


if __name__ == "__main__":
    write_tf2()
    write_tf2_steps()
    tf.compat.v1.disable_eager_execution()
    write_tf1()
    rename("tf2")
    rename("tf2_steps")
    rename("tf1")

"""The generated modules: their names, their wire format against TensorBoard's own, and every protobuf runtime."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import venv
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

import tensorboardX
from tensorboardX import proto

ROOT = Path(__file__).parents[2]
SOURCE = Path(tensorboardX.__file__).parents[1]

# Our module, the package of its messages, and the module of TensorBoard that has the same messages.
MODULES = {
    "api": ("tensorboardX.hparam", "tensorboard.plugins.hparams.api_pb2"),
    "attr_value": ("tensorboardX", "tensorboard.compat.proto.attr_value_pb2"),
    "event": ("tensorboardX", "tensorboard.compat.proto.event_pb2"),
    "graph": ("tensorboardX", "tensorboard.compat.proto.graph_pb2"),
    "layout": ("tensorboardX", "tensorboard.plugins.custom_scalar.layout_pb2"),
    "node_def": ("tensorboardX", "tensorboard.compat.proto.node_def_pb2"),
    "plugin_hparams": ("tensorboardX.hparam", "tensorboard.plugins.hparams.plugin_data_pb2"),
    "plugin_mesh": ("tensorboardX.mesh", "tensorboard.plugins.mesh.plugin_data_pb2"),
    "plugin_pr_curve": ("tensorboardX", "tensorboard.plugins.pr_curve.plugin_data_pb2"),
    "plugin_text": ("tensorboardX", "tensorboard.plugins.text.plugin_data_pb2"),
    "resource_handle": ("tensorboardX", "tensorboard.compat.proto.resource_handle_pb2"),
    "step_stats": ("tensorboardX", "tensorboard.compat.proto.step_stats_pb2"),
    "summary": ("tensorboardX", "tensorboard.compat.proto.summary_pb2"),
    "tensor": ("tensorboardX", "tensorboard.compat.proto.tensor_pb2"),
    "tensor_shape": ("tensorboardX", "tensorboard.compat.proto.tensor_shape_pb2"),
    "types": ("tensorboardX", "tensorboard.compat.proto.types_pb2"),
    "versions": ("tensorboardX", "tensorboard.compat.proto.versions_pb2"),
}
# Where TensorBoard keeps a message in another module.
MOVED = {
    "HistogramProto": "tensorboard.compat.proto.histogram_pb2",
    "RunMetadata": "tensorboard.compat.proto.config_pb2",
}

SIGNED = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64)


def _ours(module: str) -> ModuleType:
    return importlib.import_module(f"tensorboardX.proto.{module}_pb2")


def _messages(module: str) -> dict[str, type[Message]]:
    """Every message of a module by its name, nested ones as `Outer.Inner`."""
    found: dict[str, type[Message]] = {}

    def collect(prefix: str, holder: Any, descriptors: dict[str, Descriptor]) -> None:
        for name, descriptor in descriptors.items():
            if not descriptor.GetOptions().map_entry:
                found[prefix + name] = message = getattr(holder, name)
                collect(f"{prefix}{name}.", message, descriptor.nested_types_by_name)

    collect("", _ours(module), _ours(module).DESCRIPTOR.message_types_by_name)
    return found


def _stock(module: str, name: str) -> type[Message]:
    found: Any = importlib.import_module(MOVED.get(name.partition(".")[0], MODULES[module][1]))
    for part in name.split("."):
        found = getattr(found, part)
    return found


MESSAGES = [(module, name) for module in MODULES for name in _messages(module)]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_the_package_and_the_file_name_of_the_original(module):
    descriptor = _ours(module).DESCRIPTOR
    assert descriptor.package == MODULES[module][0]
    assert descriptor.name == f"tensorboardX/proto/{module}.proto"
    assert getattr(proto, f"{module}_pb2") is _ours(module)


def test_there_are_no_other_modules():
    paths = (SOURCE / "tensorboardX/proto").glob("*_pb2.py")
    assert {path.name.removesuffix("_pb2.py") for path in paths} == set(MODULES)


def _is_repeated(field: FieldDescriptor) -> bool:
    repeated = getattr(field, "is_repeated", None)
    return field.label == FieldDescriptor.LABEL_REPEATED if repeated is None else bool(repeated)


def _sample(field: FieldDescriptor) -> Any:
    """A value of a field that is not its default."""
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return "é" if field.type == FieldDescriptor.TYPE_STRING else b"\xff\x00"
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return True
    if kind in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return 0.5
    return -3 if kind in SIGNED else 3


def _fill(message: Message, field: FieldDescriptor, depth: int = 3) -> None:
    """Set one field; of a message within it all fields, as deep as that."""
    target = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        if value.message_type is None:
            target[_sample(key)] = _sample(value)
        else:
            _fill_all(target[_sample(key)], depth - 1)
    elif field.message_type is not None:
        inner = target.add() if _is_repeated(field) else target
        inner.SetInParent()
        _fill_all(inner, depth - 1)
    elif _is_repeated(field):
        target.extend([_sample(field)] * 2)
    else:
        setattr(message, field.name, _sample(field))


def _fill_all(message: Message, depth: int) -> None:
    for field in message.DESCRIPTOR.fields if depth else ():
        _fill(message, field, depth)


@pytest.mark.parametrize(("module", "name"), MESSAGES, ids=[f"{module}.{name}" for module, name in MESSAGES])
def test_every_field_of_a_message_is_read_by_tensorboard(module, name):
    ours, stock = _messages(module)[name], _stock(module, name)
    for field in ours.DESCRIPTOR.fields:
        theirs = stock.DESCRIPTOR.fields_by_number[field.number]
        assert (theirs.name, theirs.type, _is_repeated(theirs)) == (field.name, field.type, _is_repeated(field))
        message = ours()
        _fill(message, field)
        data = message.SerializeToString(deterministic=True)
        assert data
        read = stock.FromString(data)
        assert not len(UnknownFieldSet(read))
        assert [found.number for found, _ in read.ListFields()] == [field.number]
        assert read.SerializeToString(deterministic=True) == data
        assert ours.FromString(read.SerializeToString()) == message


ENUMS = [(module, name) for module in MODULES for name in _ours(module).DESCRIPTOR.enum_types_by_name]


@pytest.mark.parametrize(("module", "name"), ENUMS, ids=[f"{module}.{name}" for module, name in ENUMS])
def test_enum_values_are_those_of_tensorboard(module, name):
    ours = dict(getattr(_ours(module), name).items())
    theirs = dict(getattr(importlib.import_module(MODULES[module][1]), name).items())
    assert ours.items() <= theirs.items()


ROUND_TRIP = """
import importlib, pathlib, sys
import google.protobuf
import tensorboardX
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_reader import read_records

for path in pathlib.Path(tensorboardX.proto.__file__).parent.glob("*_pb2.py"):
    importlib.import_module(f"tensorboardX.proto.{path.stem}")
with tensorboardX.SummaryWriter("run") as writer:
    writer.add_scalar("loss", 0.5, 3)
    writer.add_scalar("named", 0.5, 4, display_name="Name")
    writer.add_histogram("weights", [1.0, 2.0], 5)
    writer.add_image("grey", [[0.0, 1.0]], 6, dataformats="HW")
    writer.add_text("note", "text", 7)
[path] = pathlib.Path("run").iterdir()
events = [Event.FromString(record) for record in read_records(path)]
assert events[0].file_version == "brain.Event:2"
assert [event.step for event in events[1:]] == [3, 4, 5, 6, 7]
assert [event.summary.value[0].WhichOneof("value") for event in events[1:]] == [
    "simple_value", "simple_value", "histo", "image", "tensor"]
assert Event.FromString(events[4].SerializeToString()) == events[4]
print(google.protobuf.__version__)
"""


@pytest.mark.slow
@pytest.mark.parametrize("version", ["4.25", "5.29", "6", "7"])
def test_every_protobuf_runtime_imports_and_writes(version, tmp_path):
    venv.create(tmp_path / "env")
    python = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    requirements = ["numpy", "pillow", "crc32c", f"protobuf=={version}.*"]
    # The pip of this environment: one more would take as long to install as all the rest.
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile", *requirements]
    subprocess.run(install, check=True, env=environment, timeout=600)
    environment |= {"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python, "-W", "error", "-c", ROUND_TRIP]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(version)


@pytest.mark.slow
def test_the_modules_are_what_the_sources_give():
    if not (ROOT / "proto" / "generate.py").exists():
        pytest.skip("an installed package has no sources")
    command = [sys.executable, str(ROOT / "proto" / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr

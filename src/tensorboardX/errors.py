"""The errors this package raises. All share one root; each is also the builtin that a caller expects."""

from __future__ import annotations

import contextlib
import reprlib
from typing import Any


class TensorBoardXError(Exception):
    """Root of every error of this package."""


class InvalidTypeError(TensorBoardXError, TypeError):
    """A value is of a type that cannot be logged this way."""


class InvalidValueError(TensorBoardXError, ValueError):
    """A value has the right type and the wrong shape, range or content."""


class RefusedTypeError(InvalidTypeError, NotImplementedError, AssertionError):
    """A value, image, curve and so on is of a type that cannot be logged.

    tensorboardX and torch.utils.tensorboard raise NotImplementedError or AssertionError there, often one of them what
    the other does not; programs catch these to leave the value out, or to log the items of a dict one by one.
    """


class RefusedValueError(InvalidValueError, NotImplementedError, AssertionError):
    """The same for one of the right type and the wrong shape, range or content; see `RefusedTypeError`."""


class MissingExtraError(TensorBoardXError, ModuleNotFoundError):
    """An optional package is needed for this call and is not installed, or is too old."""


class LogdirError(TensorBoardXError, OSError):
    """A log directory cannot be made or written."""


class WriteError(TensorBoardXError, OSError):
    """Events could not be written; raised only where a writer was asked to raise (`on_error="raise"`)."""


class DeviceError(TensorBoardXError, RuntimeError):
    """A value was lost, because the accelerator that computed it failed or did not answer."""


class RecordError(TensorBoardXError, ValueError):
    """Bytes are not the TFRecord frames they should be."""


class TruncatedRecordError(RecordError, EOFError):
    """The file ends within a record: its writer is still at work, or was killed."""


class CorruptRecordError(RecordError):
    """A checksum does not match, a length cannot be true, or a record is not the Event that it should be."""


_MOST_TAG_CHARACTERS = 100
_MOST_REASON_CHARACTERS = 200
_shortener = reprlib.Repr()
_shortener.maxlist = _shortener.maxtuple = _shortener.maxset = _shortener.maxfrozenset = _shortener.maxdeque = 20
_shortener.maxarray = _shortener.maxdict = 20
_shortener.maxstring = _shortener.maxother = _shortener.maxlong = 60


def describe(value: Any) -> str:
    """What a value is, in the words of an error message: its type, and its dtype and shape or its text."""
    kind = type(value)
    name = kind.__name__ if kind.__module__ in ("builtins", "numpy") else f"{kind.__module__}.{kind.__name__}"
    with contextlib.suppress(Exception):  # a nested tensor, an object whose shape is something else
        if getattr(value, "shape", None) is not None:
            dtype = _cut(str(getattr(value, "dtype", "unknown")), 60)
            return f"{name} of dtype {dtype} and shape {tuple(value.shape)}"
    return f"{name} {_text(value)}"


def _text(value: Any) -> str:
    """A value's `repr` on one line, cut where it is long."""
    if isinstance(value, int) and value.bit_length() > 200:  # Python refuses to print those of 4300 digits
        return f"of {value.bit_length()} bits"
    try:
        return _cut(_shortener.repr(value), 60)
    except Exception:
        return "that cannot be printed"


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def shown(tag: Any) -> str:
    """A tag or another name as an error message quotes it: short, whatever it is."""
    if not isinstance(tag, str):
        return _text(tag)
    return repr(str(tag)) if len(tag) <= _MOST_TAG_CHARACTERS else f"{tag[: _MOST_TAG_CHARACTERS - 3]!r}..."


def reason(error: BaseException) -> str:
    """What another package said went wrong, on one line, cut where it is long."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return _cut(text, _MOST_REASON_CHARACTERS) or type(error).__name__


def missing_extra(package: str, extra: str | None, purpose: str) -> MissingExtraError:
    """The error for a package that is not installed; `extra` is the one of ours that brings it, if any does."""
    install = f"'tensorboardX[{extra}]'" if extra else package
    return MissingExtraError(f"{purpose} needs the package {package}: pip install {install}", name=package)


def outdated_extra(package: str, version: str, needed: str, extra: str, purpose: str) -> MissingExtraError:
    """The error for a package that is too old; `extra` is the one of ours that brings a newer one."""
    found = f"{purpose} needs {package} {needed} or newer, and {version} is installed"
    return MissingExtraError(f"{found}: pip install 'tensorboardX[{extra}]'", name=package)


def type_error(tag: Any, got: Any, accepted: str) -> RefusedTypeError:
    """The error for a value of the wrong type logged under `tag`."""
    return RefusedTypeError(f"tag {shown(tag)}: got {describe(got)}; accepted is {accepted}")


def value_error(tag: Any, got: Any, accepted: str) -> RefusedValueError:
    """The error for a value of the right type and the wrong shape, range or content logged under `tag`."""
    return RefusedValueError(f"tag {shown(tag)}: got {describe(got)}; accepted is {accepted}")

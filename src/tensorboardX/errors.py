"""The errors this package raises. All share one root; each is also the builtin that a caller expects."""

from __future__ import annotations

from typing import Any


class TensorBoardXError(Exception):
    """Root of every error of this package."""


class InvalidTypeError(TensorBoardXError, TypeError):
    """A value is of a type that cannot be logged this way."""


class InvalidValueError(TensorBoardXError, ValueError):
    """A value has the right type and the wrong shape, range or content."""


class MissingExtraError(TensorBoardXError, ImportError):
    """An optional package is needed for this call and is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package}: pip install 'tensorboardX[{extra}]'", name=package)


class LogdirError(TensorBoardXError, OSError):
    """A log directory cannot be made or written."""


class WriteError(TensorBoardXError, OSError):
    """Events could not be written; raised only where a writer was asked to raise (`on_error="raise"`)."""


class RecordError(TensorBoardXError, ValueError):
    """Bytes are not the TFRecord frames they should be."""


class TruncatedRecordError(RecordError, EOFError):
    """The file ends within a record: its writer is still at work, or was killed."""


class CorruptRecordError(RecordError):
    """A checksum does not match, or a length cannot be true."""


def describe(value: Any) -> str:
    """What a value is, in the words of an error message: its type, and its dtype and shape or its text."""
    kind = type(value)
    name = kind.__name__ if kind.__module__ in ("builtins", "numpy") else f"{kind.__module__}.{kind.__name__}"
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"{name} of dtype {getattr(value, 'dtype', 'unknown')} and shape {tuple(shape)}"
    text = repr(value)
    return f"{name} {text}" if len(text) <= 60 else f"{name} {text[:57]}..."


def type_error(tag: Any, got: Any, accepted: str) -> InvalidTypeError:
    """The error for a value of the wrong type logged under `tag`."""
    return InvalidTypeError(f"tag {tag!r}: got {describe(got)}; accepted is {accepted}")


def value_error(tag: Any, got: Any, accepted: str) -> InvalidValueError:
    """The error for a value of the right type and the wrong shape, range or content logged under `tag`."""
    return InvalidValueError(f"tag {tag!r}: got {describe(got)}; accepted is {accepted}")

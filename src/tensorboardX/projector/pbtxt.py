"""Protobuf's text format, as far as a projector_config.pbtxt needs it.

Fields are found and kept as text, so that what another program wrote survives unchanged, fields unknown here and
comments included. Format: https://protobuf.dev/reference/protobuf/textformat-spec/
"""

from __future__ import annotations

import re
from typing import NamedTuple

from google.protobuf.text_encoding import CEscape

_ESCAPE = r"\\(?:[xX][0-9a-fA-F]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^xXuU\n])"
_TOKEN = re.compile(
    rf"""(?P<skipped>[ \t\r\n\f\v]+|\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|{_ESCAPE})*"|'(?:[^'\\\n]|{_ESCAPE})*')
    |(?P<extension>\[[\w.\-/%]+\](?=\s*[:{{<]))
    |(?P<word>[-+]?[\w.][\w.+\-]*)
    |(?P<sign>[][{{}}<>:;,])""",
    re.VERBOSE | re.ASCII,
)
_CODED = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|(.))", re.DOTALL)
_LETTERS = {bytes([k]): bytes([v]) for k, v in zip(b"abfnrtv?'\"\\", b"\a\b\f\n\r\t\v?'\"\\", strict=True)}
_CLOSING = {"{": "}", "<": ">"}
_DEEPEST = 50


class Field(NamedTuple):
    """One field of the outermost message: its name, the whole of its text, and the strings set in its own message."""

    name: str
    text: str
    strings: dict[str, str]


class TextFormatError(ValueError):
    """A text is not in protobuf's text format."""


def quote(value: str) -> str:
    """Return a string as a literal of the text format, in ASCII."""
    return f'"{CEscape(value.encode(), as_utf8=False)}"'


def split_fields(text: str) -> list[Field]:
    """Return the fields of a message; their texts, put together, are `text`. Raises TextFormatError.

    White space and comments belong to the field that follows them.
    """
    return _Parser(text).split()


class _Parser:
    """Recursive descent over the tokens; no field is interpreted, strings one message deep are remembered."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._scan(text))
        self._position = 0
        self._strings: dict[str, str] = {}

    @staticmethod
    def _scan(text: str) -> list[tuple[str, str, int]]:
        tokens, end = [], 0
        while end < len(text):
            match = _TOKEN.match(text, end)
            if match is None:
                raise TextFormatError(f"unexpected {text[end : end + 20]!r} at character {end}")
            end = match.end()
            if match.lastgroup != "skipped":
                tokens.append((str(match.lastgroup), match[0], end))
        return tokens

    def split(self) -> list[Field]:
        fields, start = [], 0
        while self._position < len(self._tokens):
            self._strings = {}
            name = self._field(0)
            end = self._tokens[self._position - 1][2]
            fields.append(Field(name, self._text[start:end], self._strings))
            start = end
        rest = self._text[start:]
        if fields:
            fields[-1] = fields[-1]._replace(text=fields[-1].text + rest)
        return fields if fields or not rest else [Field("", rest, {})]

    def _peek(self) -> str:
        return self._tokens[self._position][1] if self._position < len(self._tokens) else ""

    def _next(self, *kinds: str) -> str:
        if self._position == len(self._tokens):
            raise TextFormatError("unexpected end")
        kind, token, end = self._tokens[self._position]
        if kind not in kinds:
            raise TextFormatError(f"unexpected {token[:20]!r} before character {end}")
        self._position += 1
        return token

    def _field(self, depth: int) -> str:
        if depth > _DEEPEST:
            raise TextFormatError(f"messages nested more than {_DEEPEST} deep")
        name = self._next("word", "extension")
        colon = self._peek() == ":"
        self._position += colon
        if self._peek() == "[":
            self._list(depth)
        else:
            self._value(name, colon, depth)
        if self._peek() in (",", ";"):
            self._position += 1
        return name

    def _list(self, depth: int) -> None:
        self._position += 1
        while self._peek() != "]":
            self._value("", True, depth)
            if self._peek() == ",":
                self._position += 1
            elif self._peek() != "]":
                raise TextFormatError("a list without a comma between its items")
        self._position += 1

    def _value(self, name: str, scalar: bool, depth: int) -> None:
        if self._peek() in _CLOSING:
            self._message(depth)
        elif not scalar:
            raise TextFormatError(f"neither a value nor a message after {name[:20]!r}")
        elif self._next("word", "string")[0] in "\"'":
            first = self._position - 1
            while self._peek()[:1] in ('"', "'"):
                self._position += 1
            if depth == 1:
                self._strings[name] = "".join(_unquote(token) for _, token, _ in self._tokens[first : self._position])

    def _message(self, depth: int) -> None:
        closing = _CLOSING[self._next("sign")]
        while self._peek() != closing:
            self._field(depth + 1)
        self._position += 1


def _unquote(literal: str) -> str:
    return _CODED.sub(_decode, literal[1:-1].encode("utf-8")).decode("utf-8", "replace")


def _decode(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, code_point, letter = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if code_point:
        return chr(int(code_point[1:], 16)).encode("utf-8", "replace")
    return _LETTERS.get(letter, match[0])  # TensorBoard takes what is no escape as it is

"""Steps of Events that get them when they are written: one more than the largest of their tag."""

from __future__ import annotations

from ..proto.event_pb2 import Event
from ..values.steps import NEXT_STEP

LARGEST_COUNTED = 2**62 - 1
"""A value at a larger step, which a user gave, does not count: there are few steps to follow it, or none."""


def numbered(data: bytes, steps: dict[str, int]) -> bytes:
    """Return a serialized Event with its step, and count it in `steps`, the next step of each tag."""
    event = Event.FromString(data)
    if event.step == NEXT_STEP:
        event.step = max((steps.get(value.tag, 0) for value in event.summary.value), default=0)
        data = event.SerializeToString()
    count(event, steps)
    return data


def count(event: Event, steps: dict[str, int]) -> None:
    """Count an Event that has its step."""
    if event.step > LARGEST_COUNTED:
        return
    for value in event.summary.value:
        steps[value.tag] = max(steps.get(value.tag, 0), event.step + 1)

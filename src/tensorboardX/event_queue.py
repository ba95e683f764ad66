"""The queue before an event file, under the name it had first."""

from .background.options import QueueOptions, Stats
from .background.queue import EventQueue

__all__ = ["EventQueue", "QueueOptions", "Stats"]

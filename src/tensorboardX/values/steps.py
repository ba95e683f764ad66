"""The step that stands for another one."""

from __future__ import annotations

NEXT_STEP = 0x3A7C_91E5_D2B8_4F06
"""Stands for the step that follows the last one of its tag, until the event is written to a shared file.

A number drawn at random, because every int64 may be a step: no counter gets that far, and it is neither a time in
nanoseconds nor the limit of a type.
"""

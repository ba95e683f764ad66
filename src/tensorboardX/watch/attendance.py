"""Whether all processes watch a model that is spread over them: an all-reduce waits for each of them for ever."""

from __future__ import annotations

import collections
import sys
from collections.abc import Iterable
from typing import Any

_watches: collections.Counter[str] = collections.Counter()  # of this process, by what they have in common


class Attendance:
    """Counts, in the store of torch.distributed, the processes of each group that have begun the same watch.

    The first process that asks decides for all of its group, so that either all or none begin an all-reduce.

    Args:
        groups: over which norms are added; none for a model that each process has as a whole.
        name: the same for the watches that belong together: the n-th of this name in each process.
    """

    def __init__(self, groups: Iterable[Any], name: str) -> None:
        distributed: Any = sys.modules["torch"].distributed
        members = {tuple(distributed.get_process_group_ranks(group)) for group in groups}
        self._groups: list[tuple[str, int]] = []
        self._is_complete: bool | None = None if members else True
        if not members:
            return
        self._store = distributed.distributed_c10d._get_default_store()
        _watches[name] += 1
        for ranks in sorted(members):
            key = f"tensorboardX/{name}/{_watches[name]}/{'-'.join(map(str, ranks))}"
            self._groups.append((key, len(ranks)))
            self._store.add(key, 1)

    def is_complete(self) -> bool:
        """Return whether each process of the groups had begun when the first of them asked."""
        if self._is_complete is None:
            decisions = [self._decision(key, size) for key, size in self._groups]
            self._is_complete = all(decisions)
        return self._is_complete

    def _decision(self, key: str, size: int) -> bool:
        if self._store.add(f"{key}/asked", 1) == 1:
            self._store.set(f"{key}/decision", "all" if self._store.add(key, 0) == size else "some")
        return bool(self._store.get(f"{key}/decision") == b"all")

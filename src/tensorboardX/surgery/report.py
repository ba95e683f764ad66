"""What a change of event files did, or would do."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..reader.damage import Damage


@dataclass(frozen=True)
class FileReport:
    """One event file, before and after.

    Attributes:
        run: the run that it belongs to.
        path: the file, relative to the log directory, with slashes.
        bytes_before, bytes_after: its size.
        events_before, events_after: its whole records.
        values_before, values_after: the values in them, as far as the verb looks at them; 0 otherwise.
        changed: whether it is changed; False if the new file would equal the old one.
        removed: whether there is no such file afterwards, as its content is in another one.
        damage: what is wrong with it, and where. All but `verify` leave that out of the new file.
    """

    run: str
    path: str
    bytes_before: int
    bytes_after: int
    events_before: int
    events_after: int
    values_before: int = 0
    values_after: int = 0
    changed: bool = False
    removed: bool = False
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that a call did.

    Attributes:
        verb: the name of the function.
        logdir: the log directory.
        dry_run: whether nothing was written.
        files: the files that were read, in the order in which TensorBoard reads them.
        runs: new names of runs by their old ones.
    """

    verb: str
    logdir: str
    dry_run: bool
    files: tuple[FileReport, ...] = ()
    runs: dict[str, str] = field(default_factory=dict)

    @property
    def bytes_before(self) -> int:
        """The size of all files before."""
        return sum(file.bytes_before for file in self.files)

    @property
    def bytes_after(self) -> int:
        """The size of all files afterwards."""
        return sum(file.bytes_after for file in self.files)

    @property
    def events_before(self) -> int:
        """The records of all files before."""
        return sum(file.events_before for file in self.files)

    @property
    def events_after(self) -> int:
        """The records of all files afterwards."""
        return sum(file.events_after for file in self.files)

    @property
    def changed(self) -> int:
        """How many files are changed or removed."""
        return sum(file.changed or file.removed for file in self.files)

    @property
    def damage(self) -> tuple[Damage, ...]:
        """What is wrong with any of the files."""
        return tuple(damage for file in self.files for damage in file.damage)

"""Event files changed: `trim("runs/first", from_step=1000, in_place=True)`.

`verify` reads only. `repair`, `trim`, `merge`, `rename`, `drop` and `compact` work on all runs below a log directory,
and take, besides arguments of their own:

runs: which runs: strings, globs (`*` matches slashes too), compiled patterns, or a list of these. All by default.
out: a directory for the new files, which has no files yet. The log directory stays as it is, and may be a URL that
    fsspec knows. Files beside event files, such as those of embeddings, are not copied.
in_place: True replaces the files instead.
dry_run: True writes nothing. What is returned is the same.

Each returns a `Report`. Records that stay are copied as they are; what cannot be read is left out, and listed in
`damage` of the report. Only one record is in memory at a time, and some megabytes. A process that is killed in the
middle leaves all of the old files or all of the new ones; the next call, or `recover`, deletes what it left besides.

All raise TypeError or ValueError for arguments that cannot be, ValueError if neither `out` nor `in_place` is given, and
LogdirError if the files cannot be read or written, or, in place, somebody may still write to one of those that change.
"""

from .change import recover_all as recover
from .compacting import compact
from .dropping import drop
from .merging import merge
from .renaming import rename
from .repairing import repair, verify
from .report import FileReport, Report
from .trimming import trim

__all__ = [
    "FileReport",
    "Report",
    "compact",
    "drop",
    "merge",
    "recover",
    "rename",
    "repair",
    "trim",
    "verify",
]

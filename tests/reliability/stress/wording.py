"""What the package warns of, as far as the judge has to understand it."""

from __future__ import annotations

import re

GIVES_UP = re.compile(r"gave up|could not be written|could be written for|lost|left out|could not be encoded")
"""A call has returned, or a process ends, without having done everything."""

STALLED = re.compile(r"could be written for")
"""The store does not answer. It is said once, and holds until the store is said to be well again:"""

RECOVERED = re.compile(r"writing goes on;")

PROCESS_ENDS = re.compile(r"the process ends")
"""The end of the process gave up. What was being written then counts as dropped, although it may be in the file."""

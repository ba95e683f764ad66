"""One event file for several processes: the file, its lock, its journal, and the steps of its tags."""

"""Everything between accepted and written: the queue, the thread that drains it, and what goes wrong there."""

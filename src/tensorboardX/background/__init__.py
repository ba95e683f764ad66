"""The queue of pending events, the thread that drains it, and the handling of errors and stalls."""

"""The stores of event files: local disks, object stores, memory."""

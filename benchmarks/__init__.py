"""Speed of this library, of its peers and of the bare work, measured side by side: `python -m benchmarks`."""

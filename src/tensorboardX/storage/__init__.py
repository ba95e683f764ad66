"""Where the bytes of an event file land: a local disk, an object store, or memory."""

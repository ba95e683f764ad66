"""TFRecord framing, event files, and the same read back."""

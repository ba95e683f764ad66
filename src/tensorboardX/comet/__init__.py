"""A listener beside the writer that sends to Comet what is logged."""

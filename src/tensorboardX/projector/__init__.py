"""The embedding projector's files: what they are called, what is in them, and how they are put in place."""

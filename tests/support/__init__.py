"""Test support: a real TensorBoard, what it serves, and the original package to compare with."""

"""Graphs of ONNX files, under the original's names."""

from .graph.onnx import load_onnx_graph, parse

__all__ = ["load_onnx_graph", "parse"]

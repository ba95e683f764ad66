"""Graphs of ONNX files, under the original's name."""

from .graph.onnx import load_onnx_graph

__all__ = ["load_onnx_graph"]

"""Graphs of OpenVINO models, under the original's name."""

from .graph.openvino import load_openvino_graph

__all__ = ["load_openvino_graph"]

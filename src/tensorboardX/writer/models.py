"""The methods of SummaryWriter that log models: their graphs, and embeddings.

Few programs call them, so each imports what it needs.
"""

from __future__ import annotations

import os
from typing import Any

from .run import RunWriter


class ModelMethods(RunWriter):
    """See `SummaryWriter`."""

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool | None = None
    ) -> None:
        """Log the graph of a model. A run has one: the last.

        Args:
            model: a PyTorch module, which is traced, a scripted module or an exported program; or a function of JAX
                arrays.
            input_to_model: what the model is called with, a value or a tuple of several.
            verbose: log the text of the graph, at level INFO.
            use_strict_trace: False lets the tracer of PyTorch record a dict or list that the model returns; True raises
                its error. By default such a model is drawn by `torch.export`.

        Raises what the model raises, as it comes.
        """
        from ..graph import model_graph

        graph = model_graph(model, input_to_model, verbose, use_strict_trace)
        self._get_file_writer().add_graph(graph, self._default_metadata.walltime)

    def add_onnx_graph(
        self, onnx_model_file: str | os.PathLike[str] | None = None, *, prototxt: str | os.PathLike[str] | None = None
    ) -> None:
        """Log the graph of an ONNX file. Needs the package onnx.

        Args:
            onnx_model_file: path of the file.
            prototxt: another name of it, the one of torch.utils.tensorboard.
        """
        from ..graph.onnx import load_onnx_graph

        path = onnx_model_file if onnx_model_file is not None else prototxt
        self._get_file_writer().add_onnx_graph(load_onnx_graph(path or ""), self._default_metadata.walltime)

    def add_openvino_graph(self, xmlname: str | os.PathLike[str]) -> None:
        """Log the graph of an OpenVINO model.

        Args:
            xmlname: path of the model's XML file.
        """
        from ..graph.openvino import load_openvino_graph

        self._get_file_writer().add_openvino_graph(load_openvino_graph(xmlname), self._default_metadata.walltime)

    def add_embedding(
        self,
        mat: Any,
        metadata: Any = None,
        label_img: Any = None,
        global_step: Any = None,
        tag: str = "default",
        metadata_header: Any = None,
    ) -> None:
        """Log points of many dimensions, for the projector. The same tag and step replace what was there.

        Args:
            mat: the points, shape (N, D), stored as float32. TensorBoard shows the first 100,000.
            metadata: N labels, or with `metadata_header` N rows of cells.
            label_img: N square images, shape (N, C, H, H); side by side in a square they measure 8192 pixels at
                most.
            metadata_header: the names of the columns.
        """
        from ..projector.embedding import prepare_embedding

        step, _ = self._default_metadata.resolve(global_step, None)
        logdir = self._anchored(self._directory)
        embedding = prepare_embedding(logdir, mat, metadata, label_img, step, tag, metadata_header)
        self._get_file_writer().add_files(embedding.encode, embedding.nbytes)

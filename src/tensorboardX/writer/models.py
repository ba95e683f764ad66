"""The methods of SummaryWriter that log models: their graphs, and embeddings.

Few programs call them, so each imports what it needs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .run import RunWriter

if TYPE_CHECKING:
    from ..watch.handle import Watch


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

    def watch(
        self,
        model: Any,
        optimizer: Any,
        every: int = 100,
        *,
        tag: str = "watch",
        histograms: bool = False,
        updates: bool = True,
        scaler: Any = None,
        step: int = 0,
    ) -> Watch:
        """Log the norms of the gradients, weights and updates of a PyTorch model at every n-th step of its optimizer.

            watch = writer.watch(model, optimizer)

        For each of the three kinds there are the norm of all numbers together (`watch/gradient_norm`), the ten
        largest norms of parameters (`watch/gradient_norm/<parameter>`) and one histogram of the norms of all
        parameters (`watch/gradient_norms`). Gradients are measured as the last backward pass of the step left them,
        before they are clipped; weights after the step. See docs/watching.md.

        Args:
            model: a torch.nn.Module, compiled, wrapped by DistributedDataParallel, or sharded by `fully_shard`. For a
                sharded one each process calls this method, because a measured step takes one small all-reduce.
            optimizer: what changes the parameters; a model and optimizer may be watched twice, under two tags.
            every: steps of the optimizer from one that is measured to the next; the first is measured.
            tag: what all tags begin with.
            histograms: whether to log the numbers of each parameter too, as histograms `<tag>/gradients/<parameter>`.
            updates: whether to measure updates, for which a measured step holds a copy of the weights.
            scaler: the GradScaler that scales the loss, by whose scale gradients are divided.
            step: how many steps the optimizer took before, where a run is resumed.

        Returns what ends it by its `remove()`. Raises TypeError or ValueError for what is no model or optimizer, and
        for an optimizer of other parameters.
        """
        from .watching import start

        return start(self, model, optimizer, every, tag, histograms, updates, scaler, step)

"""Statistics of training and validation, audio, a figure, by `TensorboardLogger`."""

PROGRAM = "SpeechBrain"
DISTRIBUTION = "speechbrain"
REQUIREMENTS = [
    "hyperpyyaml",
    "joblib",
    "requests",
    "scipy",
    "sentencepiece",
    "soundfile",
    "tqdm",
    "huggingface_hub",
    "matplotlib",
    "tensorboard",
    "torch",
]
NO_DEPS = ["speechbrain==1.1.2"]
SUBSTITUTE = True
DIFFERENCES = {
    "audio .: tone": "The default loader serves the sound of the original as `application/octet-stream`, which browsers do not "
    "play. See Audio.",
}


def main(logdir: str) -> None:
    import importlib.metadata
    import sys
    import types

    import torch
    from matplotlib.figure import Figure

    # The package imports torchaudio, whose releases need another torch than this: only the logger's modules are loaded.
    package = types.ModuleType("speechbrain")
    package.__path__ = [str(importlib.metadata.distribution("speechbrain").locate_file("speechbrain"))]
    sys.modules["speechbrain"] = package
    from speechbrain.utils.train_logger import TensorboardLogger

    logger = TensorboardLogger(logdir)
    for epoch in range(4):
        logger.log_stats({"epoch": epoch, "lr": 0.1}, {"loss": [0.5, 0.25 / (epoch + 1)]}, {"loss": 1 / (epoch + 1)})
    logger.log_audio("tone", torch.sin(torch.arange(800) / 5)[None] * 0.5, 8000)
    figure = Figure(figsize=(2, 2))
    figure.add_subplot().plot([1, 2, 3])
    logger.log_figure("figure", figure)
    logger.writer.close()

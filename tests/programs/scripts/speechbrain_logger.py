"""Statistics of training and validation, audio and a spectrogram, by `TensorboardLogger` (its modules alone)."""

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
    "audio .: tone": "The default loader does not say that a sound of the original is WAV, and browsers do not "
    "play it. See Audio.",
}


def main(logdir: str) -> None:
    import importlib.metadata
    import sys
    import types

    import torch

    # The package imports torchaudio, whose releases need another torch than this: only the logger's modules are loaded.
    package = types.ModuleType("speechbrain")
    package.__path__ = [str(importlib.metadata.distribution("speechbrain").locate_file("speechbrain"))]
    sys.modules["speechbrain"] = package
    from speechbrain.utils.train_logger import TensorboardLogger

    logger = TensorboardLogger(logdir)
    for epoch in range(4):
        logger.log_stats({"epoch": epoch, "lr": 0.1}, {"loss": [0.5, 0.25 / (epoch + 1)]}, {"loss": 1 / (epoch + 1)})
    logger.log_audio("tone", torch.sin(torch.arange(800) / 5)[:, None] * 0.5, 8000)
    logger.log_figure("spectrogram", torch.rand(16, 8))
    logger.writer.close()

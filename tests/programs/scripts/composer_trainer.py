"""Losses, metrics, times and hyperparameters of a fit with evaluations, and images, by `TensorboardLogger`."""

PROGRAM = "Composer"
DISTRIBUTION = "mosaicml"
REQUIREMENTS = [
    "coolname",
    "importlib-metadata",
    "mosaicml-cli",
    "psutil",
    "py-cpuinfo",
    "pyyaml",
    "requests",
    "tabulate==0.9.0",
    "torch_optimizer",
    "torchmetrics",
    "tqdm",
    "torch",
]
NO_DEPS = ["mosaicml==0.32.1"]
SUBSTITUTE = True
CHOICE = "`sys.modules`. It is installed with a newer torch than it requires, and without torchvision."
ORIGINAL_FAILS = "timeout is too large"


def main(logdir: str) -> None:
    hide_torchvision()
    leave_if_a_thread_dies()
    import torch
    from composer import Callback, Logger, State, Trainer
    from composer.loggers import TensorboardLogger
    from composer.models import ComposerClassifier
    from torch.utils.data import DataLoader, TensorDataset

    class Picture(Callback):
        def epoch_end(self, state: State, logger: Logger) -> None:
            logger.log_images(torch.rand(3, 8, 8), "noise")

    inputs = torch.randn(64, 4)
    data = DataLoader(TensorDataset(inputs, (inputs[:, 0] > 0).long()), batch_size=16)
    model = ComposerClassifier(torch.nn.Linear(4, 2), num_classes=2)
    trainer = Trainer(
        model=model,
        optimizers=torch.optim.SGD(model.parameters(), lr=0.1),
        train_dataloader=data,
        eval_dataloader=data,
        max_duration="3ep",
        callbacks=[Picture()],
        loggers=[TensorboardLogger(logdir)],
        run_name="run",
        device="cpu",
        progress_bar=False,
    )
    trainer.fit()
    trainer.close()


def leave_if_a_thread_dies() -> None:
    """Without its writer's thread, the original blocks for ever: Composer asks for an fsync once in a year."""
    import os
    import threading

    def leave(died: threading.ExceptHookArgs) -> None:
        threading.__excepthook__(died)
        os._exit(1)

    threading.excepthook = leave


def hide_torchvision() -> None:
    """Put mocks in the place of torchvision, which has to be of the torch of that time. Nothing here uses it."""
    import sys
    from importlib.machinery import ModuleSpec
    from unittest.mock import MagicMock

    class Finder:
        def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            is_hidden = name.partition(".")[0] == "torchvision"
            return ModuleSpec(name, self, is_package=True) if is_hidden else None

        def create_module(self, spec: ModuleSpec) -> MagicMock:
            return MagicMock(__spec__=spec, __path__=[])

        def exec_module(self, module: MagicMock) -> None:
            pass

    sys.meta_path.insert(0, Finder())

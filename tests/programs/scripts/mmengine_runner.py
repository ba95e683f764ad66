"""Losses, learning rate, an image and the configuration, by `TensorboardVisBackend`."""

PROGRAM = "MMEngine"
DISTRIBUTION = "mmengine-lite"
REQUIREMENTS = ["mmengine-lite==0.10.7", "opencv-python-headless", "matplotlib", "torch"]
SUBSTITUTE = True


def main(logdir: str) -> None:
    import numpy as np
    from mmengine.config import Config
    from mmengine.visualization import TensorboardVisBackend

    backend = TensorboardVisBackend(logdir)
    backend.add_config(Config({"model": {"type": "ResNet", "depth": 18}, "lr": 0.1}))
    noise = np.random.default_rng(0)
    for step in range(5):
        backend.add_scalars({"loss": 1 / (step + 1), "lr": 0.1}, step)
        backend.add_scalar("accuracy", np.float32(0.1 * step), step)
        backend.add_image("noise", noise.integers(0, 256, (8, 8, 3), np.uint8), step)
    backend.close()

"""PPO on CartPole: rewards, losses, a figure, an image, text, a video and hyperparameters, by its logger."""

PROGRAM = "Stable-Baselines3"
DISTRIBUTION = "stable-baselines3"
REQUIREMENTS = ["stable-baselines3==2.9.2", "moviepy<2", "torch", "matplotlib", "pandas"]
SUBSTITUTE = True
TIMED = "^time/fps"


def main(logdir: str) -> None:
    import numpy as np
    import torch
    from matplotlib.figure import Figure as Drawing
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Figure, HParam, Image, Video

    class Pictures(BaseCallback):
        def _on_training_start(self) -> None:
            self.logger.record(
                "hparams",
                HParam({"lr": 3e-4, "algorithm": "PPO"}, {"train/loss": 0.0, "rollout/ep_len_mean": 0}),
                exclude=("stdout", "log", "json", "csv"),
            )

        def _on_rollout_end(self) -> None:
            drawing = Drawing(figsize=(2, 2))
            drawing.add_subplot().plot([1, 2, 3])
            hidden = ("stdout", "log", "json", "csv")
            noise = np.random.default_rng(self.num_timesteps)
            self.logger.record("pictures/figure", Figure(drawing, close=True), exclude=hidden)
            self.logger.record(
                "pictures/image", Image(noise.integers(0, 256, (3, 8, 8), np.uint8), "CHW"), exclude=hidden
            )
            video = torch.from_numpy(noise.integers(0, 256, (1, 5, 3, 8, 8), np.uint8))
            self.logger.record("pictures/video", Video(video, fps=5), exclude=hidden)
            self.logger.record("note", f"{self.num_timesteps} steps", exclude=hidden)

        def _on_step(self) -> bool:
            return True

    model = PPO(
        "MlpPolicy", "CartPole-v1", n_steps=64, batch_size=32, n_epochs=2, tensorboard_log=logdir, seed=0, device="cpu"
    )
    model.learn(256, callback=Pictures())

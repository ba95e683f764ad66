"""Rewards, losses, learning rate, a video, a figure, an image and hyperparameters, by its logger and a callback."""

PROGRAM = "Stable-Baselines3"
DISTRIBUTION = "stable-baselines3"
REQUIREMENTS = ["stable-baselines3==2.9.2", "torch", "matplotlib", "pandas"]
CHOICE = "?"

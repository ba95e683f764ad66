"""Reinforcement learning with NumPy alone: an agent learns its way through a grid, and videos show how it walks.

    pip install .
    python examples/rl_video.py
    tensorboard --logdir runs/gridworld

The x axis of the curves is the episode. The videos are in the dashboard Images.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from tensorboardX import SummaryWriter

WALLS = np.array(
    [
        [0, 0, 0, 1, 0, 0],
        [0, 1, 0, 1, 0, 0],
        [0, 1, 0, 0, 0, 1],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 0, 1, 1, 0],
        [1, 1, 0, 0, 0, 0],
    ],
    dtype=bool,
)
START, GOAL = (0, 0), (5, 5)
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
MOST_STEPS = 60  # then an episode ends
PIXELS = 8  # the side of a field in the videos
Cell = tuple[int, int]


def move(cell: Cell, action: int) -> Cell:
    """Return where an action leads; the agent stays where it is if there is a wall."""
    row, column = cell[0] + MOVES[action][0], cell[1] + MOVES[action][1]
    inside = 0 <= row < len(WALLS) and 0 <= column < len(WALLS)
    return (row, column) if inside and not WALLS[row, column] else cell


def play(values: np.ndarray, explore: float, random: np.random.Generator, rate: float = 0.0) -> list[Cell]:
    """Play one episode, learn from it by Q-learning at this rate, and return where the agent was.

    Args:
        values: what an action is worth in a cell, shape (rows, columns, actions). Changed if `rate` is not 0.
        explore: how often an action is chosen at random.
    """
    path = [START]
    while path[-1] != GOAL and len(path) <= MOST_STEPS:
        cell = path[-1]
        best = np.flatnonzero(values[cell] == values[cell].max())
        action = int(random.integers(4) if random.random() < explore else random.choice(best))
        after = move(cell, action)
        target = 0.0 if after == GOAL else 0.95 * values[after].max() - 0.01
        target += after == GOAL
        values[cell][action] += rate * (target - values[cell][action])
        path.append(after)
    return path


def draw(path: Sequence[Cell]) -> np.ndarray:
    """Return a video of a path, shape (1, frames, height, width, 3), uint8."""
    frames = np.full((len(path), *WALLS.shape, 3), 255, np.uint8)
    frames[:, WALLS] = 60
    frames[:, GOAL[0], GOAL[1]] = (60, 180, 75)
    for frame, cell in zip(frames, path, strict=True):
        frame[cell] = (230, 85, 20)
    return frames.repeat(PIXELS, axis=1).repeat(PIXELS, axis=2)[None]


def train(logdir: str, episodes: int, every: int) -> int:
    """Let the agent learn, log it, and return how many steps it needs to the goal in the end."""
    random = np.random.default_rng(0)
    values = np.zeros((*WALLS.shape, 4))
    with SummaryWriter(logdir) as writer:
        for episode in range(episodes):
            explore = 1 - episode / episodes
            path = play(values, explore, random, rate=0.5)
            writer.add_scalar("episode/steps", len(path) - 1, episode)
            writer.add_scalar("episode/reached_goal", path[-1] == GOAL, episode)
            writer.add_scalar("explore", explore, episode)
            if episode % every == 0 or episode == episodes - 1:
                path = play(values, 0.0, random)
                writer.add_video("best_path", draw(path), episode, fps=6, dataformats="NTHWC")
                writer.add_image("values", values.max(axis=2).clip(0, 1), episode, dataformats="HW")
                writer.add_histogram("values", values, episode)
    return len(path) - 1


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Q-learning in a grid.")
    parser.add_argument("--logdir", default="runs/gridworld", help="(default: %(default)s)")
    parser.add_argument("--episodes", type=int, default=200, help="(default: %(default)s)")
    parser.add_argument("--every", type=int, default=40, help="episodes between two videos (default: %(default)s)")
    arguments = parser.parse_args(argv)
    print(f"the learned path has {train(arguments.logdir, arguments.episodes, arguments.every)} steps")
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()

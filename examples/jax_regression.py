"""Fit a small network with JAX, and log its loss, gradient norm, weights and graph.

    pip install . jax
    python examples/jax_regression.py
    tensorboard --logdir runs/jax

Arrays of JAX are logged as they are. One that is still being computed is not waited for.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from tensorboardX import SummaryWriter

HIDDEN = 32
RATE = 0.05


def make_weights(key: jax.Array) -> dict[str, jax.Array]:
    """Return the first weights of a network with one hidden layer."""
    first, second = jax.random.split(key)
    return {
        "hidden": jax.random.normal(first, (2, HIDDEN)),  # the second row is the bias
        "output": jax.random.normal(second, (HIDDEN, 1)) / HIDDEN**0.5,
    }


def predict(weights: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    """From x, shape (n, 1), to y of the same shape."""
    with_ones = jnp.concatenate([x, jnp.ones_like(x)], axis=1)
    return jnp.tanh(with_ones @ weights["hidden"]) @ weights["output"]


def loss_of(weights: dict[str, jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.square(predict(weights, x) - y).mean()


@jax.jit
def update(
    weights: dict[str, jax.Array], x: jax.Array, y: jax.Array
) -> tuple[dict[str, jax.Array], jax.Array, jax.Array]:
    """Take one step of gradient descent; return the weights, the loss and the norm of the gradient."""
    loss, gradients = jax.value_and_grad(loss_of)(weights, x, y)
    norm = jnp.sqrt(sum(jnp.square(gradient).sum() for gradient in gradients.values()))
    return {name: weights[name] - RATE * gradients[name] for name in weights}, loss, norm


def train(logdir: str, steps: int) -> float:
    """Fit a sine, log it, and return the last loss."""
    weights = make_weights(jax.random.key(0))
    x = jnp.linspace(-3, 3, 128)[:, None]
    y = jnp.sin(x)
    with SummaryWriter(logdir) as writer:
        writer.add_graph(predict, (weights, x))
        for step in range(steps):
            weights, loss, norm = update(weights, x, y)
            writer.add_scalar("train/loss", loss, step)
            writer.add_scalar("train/gradient_norm", norm, step)
            if step % 50 == 0:
                for name, values in weights.items():
                    writer.add_histogram(f"weights/{name}", values, step)
    return float(loss)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Fit a sine with JAX.")
    parser.add_argument("--logdir", default="runs/jax", help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=300, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    print(f"last loss: {train(arguments.logdir, arguments.steps):.4f}")
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()

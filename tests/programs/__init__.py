"""Real programs, run with this library and with the original tensorboardX, compared by what stock TensorBoard serves.

    python dev.py programs                           all of them, and docs/compatibility.md
    python dev.py programs ignite optuna_callback    these only

A program is one file in `scripts/`: see `catalogue.py` for what it has to contain.
"""

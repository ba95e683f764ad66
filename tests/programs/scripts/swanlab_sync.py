"""A writer's scalars, texts and images, which `swanlab.sync_tensorboardX()` records offline."""

PROGRAM = "SwanLab"
DISTRIBUTION = "swanlab"
REQUIREMENTS = ["swanlab==0.10.3"]
CHOICE = "It wraps the methods of tensorboardX's SummaryWriter."


def main(logdir: str) -> dict:
    import numpy as np
    import swanlab

    logged = []
    swanlab.sync_tensorboardX()
    swanlab.init(project="example", mode="offline", logdir=f"{logdir}/swanlab")
    original = type(swanlab.get_run()).log

    def log(self, data, step=None, *args, **kwargs):
        logged.append([sorted(data), step])
        return original(self, data, step, *args, **kwargs)

    type(swanlab.get_run()).log = log
    from tensorboardX import SummaryWriter

    rng = np.random.default_rng(0)
    writer = SummaryWriter(f"{logdir}/run")
    for step in range(5):
        writer.add_scalar("train/loss", 1 / (step + 1), step)
        writer.add_scalars("both", {"a": step, "b": 2}, step)
    writer.add_image("noise", rng.integers(0, 256, (3, 8, 8), np.uint8), 4)
    writer.add_text("note", "a **text**", 4)
    writer.close()
    return {"logged": logged}

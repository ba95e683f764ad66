"""A writer's scalars, images and histograms, which `wandb.init(sync_tensorboard=True)` records offline."""

PROGRAM = "wandb"
DISTRIBUTION = "wandb"
REQUIREMENTS = ["wandb==0.31.0", "tensorboard"]
CHOICE = "It replaces `tensorboardX.writer.EventFileWriter`."
BLOCK = 32768


def main(logdir: str) -> dict:
    from pathlib import Path

    import numpy as np
    import wandb

    Path("wandb-files").mkdir()
    run = wandb.init(project="example", id="example", dir="wandb-files", sync_tensorboard=True, mode="offline")
    from tensorboardX import SummaryWriter

    rng = np.random.default_rng(0)
    with SummaryWriter(f"{logdir}/run") as writer:
        for step in range(5):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
            writer.add_histogram("weights", rng.normal(size=100), step)
        writer.add_image("noise", rng.integers(0, 256, (3, 8, 8), np.uint8), 4)
    run.finish()
    return recorded(next(Path("wandb-files").rglob("*.wandb")))


def recorded(path) -> dict:
    """The history that wandb keeps of the writer's calls."""
    import json
    import re

    from wandb.proto.wandb_internal_pb2 import Record

    history, kinds = [], set()
    for data in records(path.read_bytes()):
        record = Record.FromString(data)
        kinds.add(record.WhichOneof("record_type"))
        items = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
        # The bytes of a PNG are not those of the original. Its pixels are compared in TensorBoard.
        hidden = re.compile("^_|/(sha256|size|path|filenames)$")
        items = {key: value for key, value in items.items() if not hidden.search(key)}
        if items:
            history.append(json.dumps(items, sort_keys=True))
    assert history
    return {"history": history, "tbrecord": "tbrecord" in kinds}


def records(data: bytes):
    """The records of wandb's file: 7 bytes, then fragments in blocks, each with checksum, length and type before it."""
    position, record = 7, b""
    while position + 7 <= len(data):
        if BLOCK - position % BLOCK < 7:
            position += BLOCK - position % BLOCK
            continue
        length, kind = int.from_bytes(data[position + 4 : position + 6], "little"), data[position + 6]
        record += data[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # complete, or the last fragment
            yield record
            record = b""

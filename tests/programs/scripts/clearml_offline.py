"""A writer's scalars, histograms, texts and images, which ClearML reports to an offline task."""

PROGRAM = "ClearML"
DISTRIBUTION = "clearml"
REQUIREMENTS = ["clearml==2.1.12"]
CHOICE = "It replaces `FileWriter.add_event` of tensorboardX."


def main(logdir: str) -> dict:
    import json
    from pathlib import Path

    from clearml import Task

    Task.set_offline(True)
    task = Task.init("example", "task", auto_resource_monitoring=False, auto_connect_streams=False)
    import numpy as np

    from tensorboardX import SummaryWriter

    rng = np.random.default_rng(0)
    with SummaryWriter(logdir) as writer:
        for step in range(5):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
            writer.add_histogram("weights", rng.normal(size=100), step)
        writer.add_image("noise", rng.integers(0, 256, (3, 8, 8), np.uint8), 4)
        writer.add_text("note", "a **text**", 4)
    folder = Path(task.get_offline_mode_folder())
    task.flush(wait_for_uploads=True)
    reports = []
    for path in sorted(folder.glob("metrics.jsonl")):
        for line in path.read_text().splitlines():
            for report in json.loads(line):
                kept = {key: report[key] for key in ("type", "metric", "variant", "iter", "value") if key in report}
                reports.append(json.dumps(kept, sort_keys=True))
    task.close()
    return {"reports": sorted(reports), "count": len(reports)}

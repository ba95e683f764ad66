"""All kinds of a writer, read with `EventAccumulator`."""

PROGRAM = "TensorBoard's EventAccumulator (reads)"
DISTRIBUTION = "tensorboard"
REQUIREMENTS = ["tensorboard", "soundfile"]
CHOICE = "It reads the event files."
DIFFERENCES = {
    "audio .: tone": "The default loader does not say that a sound of the original is WAV, and browsers do not "
    "play it. See Audio.",
}


def main(logdir: str) -> dict:
    import hashlib
    import io

    import numpy as np
    from PIL import Image
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from tensorboardX import SummaryWriter

    rng = np.random.default_rng(0)
    with SummaryWriter(logdir) as writer:
        for step in range(5):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
            writer.add_histogram("weights", rng.normal(size=100), step)
            writer.add_text("note", f"step **{step}**", step)
            writer.add_image("noise", rng.integers(0, 256, (3, 8, 8), np.uint8), step)
        writer.add_audio("tone", np.sin(np.arange(800) / 5)[:, None] * 0.5, 4, 8000)
    accumulator = EventAccumulator(logdir, {"scalars": 0, "histograms": 0, "images": 0, "audio": 0, "tensors": 0})
    accumulator.Reload()
    found = {
        "tags": {kind: tags if isinstance(tags, bool) else sorted(tags) for kind, tags in accumulator.Tags().items()}
    }
    found["scalars"] = [[event.step, event.value] for event in accumulator.Scalars("train/loss")]
    found["histograms"] = [
        [event.step, list(event.histogram_value.bucket_limit), list(event.histogram_value.bucket)]
        for event in accumulator.Histograms("weights")
    ]
    found["images"] = []
    for event in accumulator.Images("noise"):
        with Image.open(io.BytesIO(event.encoded_image_string)) as image:
            found["images"].append([event.step, event.width, event.height, hashlib.sha256(image.tobytes()).hexdigest()])
    found["audio"] = [
        [event.step, event.sample_rate, hashlib.sha256(event.encoded_audio_string).hexdigest()]
        for event in accumulator.Audio("tone")
    ]
    found["texts"] = [
        [event.step, [text.decode() for text in event.tensor_proto.string_val]]
        for event in accumulator.Tensors("note/text_summary")
    ]
    return found

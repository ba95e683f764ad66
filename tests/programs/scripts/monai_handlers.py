"""Losses, metrics, images and animated volumes, by its handlers and `plot_2d_or_3d_image`."""

PROGRAM = "MONAI"
DISTRIBUTION = "monai"
REQUIREMENTS = ["monai==1.6.1", "pytorch-ignite==0.5.5", "moviepy<2", "matplotlib", "torch"]
CHOICE = "The handlers take any SummaryWriter; animations are written for tensorboardX's."


def main(logdir: str) -> None:
    import torch
    from ignite.engine import Engine, Events
    from monai.handlers import TensorBoardImageHandler, TensorBoardStatsHandler
    from monai.visualize import plot_2d_or_3d_image

    from tensorboardX import SummaryWriter

    volume = torch.rand(2, 1, 8, 8, 6)

    def step(engine: Engine, batch: torch.Tensor) -> list:
        return [{"loss": batch.mean(), "image": batch, "label": batch > 0.5, "pred": batch * 0.5}]

    with SummaryWriter(logdir) as writer:
        engine = Engine(step)

        @engine.on(Events.EPOCH_COMPLETED)
        def measure(engine: Engine) -> None:
            engine.state.metrics["dice"] = 0.5 + 0.1 * engine.state.epoch

        TensorBoardStatsHandler(
            writer, tag_name="loss", output_transform=lambda output: {"loss": output[0]["loss"].item()}
        ).attach(engine)
        TensorBoardImageHandler(
            writer,
            batch_transform=lambda batch: (batch, batch > 0.5),
            output_transform=lambda output: output[0]["pred"],
            max_channels=1,
        ).attach(engine)
        engine.run([volume, volume * 0.5], max_epochs=2)
        for max_channels, volume_tag in ((1, "grey"), (3, "colours")):
            picture = torch.rand(1, 3, 8, 8, 6) if max_channels == 3 else volume
            plot_2d_or_3d_image(picture, 3, writer, max_channels=max_channels, frame_dim=-1, tag=volume_tag)
        plot_2d_or_3d_image(torch.rand(1, 1, 8, 8), 3, writer, tag="flat")

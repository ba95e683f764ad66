"""Lightning, accelerate and the Trainer of Hugging Face with two processes log once and whole.

They are too large for every run: what is not installed is skipped. `pip install lightning accelerate transformers`.
"""

from __future__ import annotations

import pytest
from support import events
from support.ranks import save, torchrun

pytestmark = pytest.mark.slow

STEPS = 12

LIGHTNING = f"""
    import sys
    import lightning
    import torch
    from lightning.pytorch.loggers import TensorBoardLogger
    import lightning.fabric.loggers.tensorboard
    lightning.fabric.loggers.tensorboard._TENSORBOARD_AVAILABLE = False  # as where that is not installed

    class Model(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)
        def training_step(self, batch, index):
            loss = self.layer(batch[0]).square().mean()
            self.log("loss", loss, sync_dist=False)
            self.log("step_number", float(self.global_step))
            return loss
        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.01)

    data = torch.utils.data.TensorDataset(torch.ones({STEPS} * 2 * 2, 4))
    logger = TensorBoardLogger(sys.argv[1], name="", version="")
    trainer = lightning.Trainer(
        accelerator="cpu", devices=2, strategy="ddp", max_epochs=1, logger=logger, log_every_n_steps=1,
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
    )
    trainer.fit(Model(), torch.utils.data.DataLoader(data, batch_size=2))
    if trainer.global_rank == 0:
        import tensorboardX
        assert isinstance(logger.experiment, tensorboardX.SummaryWriter)
"""

ACCELERATE = f"""
    import sys
    import torch
    from accelerate import Accelerator
    from accelerate.tracking import TensorBoardTracker

    accelerator = Accelerator(cpu=True, log_with="tensorboard", project_dir=sys.argv[1])
    accelerator.init_trackers("run")
    layer = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(layer.parameters(), 0.01)
    layer, optimizer = accelerator.prepare(layer, optimizer)
    for step in range({STEPS}):
        loss = layer(torch.ones(2, 4)).square().mean()
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        accelerator.log({{"loss": loss.item(), "step_number": step}}, step=step)
    accelerator.end_training()
"""

TRANSFORMERS = f"""
    import sys
    import torch
    from transformers import Trainer, TrainingArguments

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)
        def forward(self, x, labels=None):
            return {{"loss": self.layer(x).square().mean()}}

    data = [{{"x": torch.ones(4), "labels": torch.zeros(1)}} for _ in range({STEPS} * 2 * 2)]
    arguments = TrainingArguments(
        output_dir=sys.argv[1], use_cpu=True, per_device_train_batch_size=2, num_train_epochs=1, logging_steps=1,
        report_to=["tensorboard"], save_strategy="no", disable_tqdm=True,
    )
    Trainer(model=Model(), args=arguments, train_dataset=data).train()
"""

# torch.utils.tensorboard comes first where it can be imported; then it is hidden, so that tensorboardX is used.
HIDE_TORCH = """
    import sys
    sys.modules["torch.utils.tensorboard"] = sys.modules["tensorboard"] = None
"""


@pytest.mark.parametrize(
    ("package", "program", "tag", "first"),
    [
        ("lightning", LIGHTNING, "loss", 0),
        ("accelerate", ACCELERATE, "loss", 0),
        ("transformers", TRANSFORMERS, "train/loss", 1),
    ],
)
@pytest.mark.parametrize("mode", ["", "rank0", "per_rank"])
def test_two_processes_log_once_and_whole(tmp_path, package, program, tag, first, mode):
    pytest.importorskip(package)
    logdir = tmp_path / "logs"
    variables = {"TENSORBOARDX_DISTRIBUTED": mode} if mode else {}
    done = torchrun(2, save(tmp_path, HIDE_TORCH + program), logdir, **variables)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "several ranks" not in done.stderr
    runs = sorted({path.parent for path in logdir.rglob("*tfevents*")})
    found = {run: [step for name, step, _ in events.scalars(run) if name == tag] for run in runs}
    found = {run: steps for run, steps in found.items() if steps}
    assert list(found.values()) == [list(range(first, first + STEPS))], found
    assert all((run.name == "rank_0") == (mode == "per_rank") for run in found)

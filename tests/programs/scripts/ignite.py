"""Losses, metrics, learning rate, and histograms and norms of weights and gradients, by the handlers of its logger."""

PROGRAM = "PyTorch-Ignite"
DISTRIBUTION = "pytorch-ignite"
REQUIREMENTS = ["pytorch-ignite==0.5.5", "torch"]
CHOICE = "`TensorboardLogger` takes tensorboardX first."


def main(logdir: str) -> None:
    import torch
    from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
    from ignite.handlers.tensorboard_logger import (
        GradsHistHandler,
        GradsScalarHandler,
        TensorboardLogger,
        WeightsHistHandler,
        WeightsScalarHandler,
        global_step_from_engine,
    )
    from ignite.metrics import Accuracy, Loss

    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion = torch.nn.CrossEntropyLoss()
    data = [(torch.randn(8, 4), torch.randint(0, 3, (8,))) for _ in range(5)]
    trainer = create_supervised_trainer(model, optimizer, criterion)
    evaluator = create_supervised_evaluator(model, {"accuracy": Accuracy(), "nll": Loss(criterion)})
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: evaluator.run(data))
    with TensorboardLogger(log_dir=logdir) as logger:
        every = Events.ITERATION_COMPLETED(every=2)
        logger.attach_output_handler(trainer, every, tag="training", output_transform=lambda loss: {"loss": loss})
        logger.attach_output_handler(
            evaluator,
            Events.EPOCH_COMPLETED,
            tag="validation",
            metric_names="all",
            global_step_transform=global_step_from_engine(trainer),
        )
        logger.attach_opt_params_handler(trainer, every, optimizer)
        for handler in (WeightsHistHandler, WeightsScalarHandler, GradsHistHandler, GradsScalarHandler):
            logger.attach(trainer, log_handler=handler(model), event_name=every)
        trainer.run(data, max_epochs=3)

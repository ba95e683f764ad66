"""Losses and accuracy of each epoch, a graph and weights, by its callback `TensorBoard`."""

PROGRAM = "skorch"
DISTRIBUTION = "skorch"
REQUIREMENTS = ["skorch==1.4.0", "scikit-learn", "tensorboard", "torch"]
CHOICE = "The callback takes any SummaryWriter."
TIMED = "^dur$|/dur$|^epoch_duration"


def main(logdir: str) -> None:
    import numpy as np
    import torch
    from skorch import NeuralNetClassifier
    from skorch.callbacks import TensorBoard

    from tensorboardX import SummaryWriter

    class Weights(TensorBoard):
        def on_epoch_end(self, net, **kwargs):
            self.writer.add_histogram("weights", net.module_[0].weight, len(net.history))
            super().on_epoch_end(net, **kwargs)

        def on_train_end(self, net, X, y, **kwargs):
            self.writer.add_graph(net.module_, torch.from_numpy(X[:2]))
            super().on_train_end(net, **kwargs)

    layers = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2), torch.nn.Softmax(-1))
    net = NeuralNetClassifier(layers, max_epochs=4, lr=0.1, callbacks=[Weights(SummaryWriter(logdir))], verbose=0)
    data = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    net.fit(data, (data[:, 0] > 0).astype(np.int64))

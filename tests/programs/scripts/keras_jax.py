"""Losses, metrics and weights as histograms, by a callback of the user's, on the JAX backend."""

PROGRAM = "Keras"
DISTRIBUTION = "keras"
REQUIREMENTS = ["keras==3.15.1", "jax"]
CHOICE = "Keras' own callback writes with TensorFlow; the user's callback takes tensorboardX."


def main(logdir: str) -> None:
    import keras
    import numpy as np

    from tensorboardX import SummaryWriter

    keras.utils.set_random_seed(0)

    class Logger(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.writer = SummaryWriter(logdir)

        def on_epoch_end(self, epoch, logs=None):
            for name, value in logs.items():
                self.writer.add_scalar(f"epoch/{name}", value, epoch)
            for layer in self.model.layers:
                for weight in layer.weights:
                    self.writer.add_histogram(weight.path, keras.ops.convert_to_numpy(weight), epoch)

        def on_train_end(self, logs=None):
            self.writer.close()

    inputs = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(inputs, inputs[:, :1], epochs=3, batch_size=16, validation_split=0.25, callbacks=[Logger()], verbose=0)

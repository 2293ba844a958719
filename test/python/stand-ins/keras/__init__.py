"""A stand-in for Keras 3: the calls that docs/guides/python.md uses, with their signatures. One layer learns for real."""

import pickle
import random

import numpy


class callbacks:
    class Callback:
        def __init__(self):
            self.model = None

        def set_model(self, model):
            self.model = model

        def on_epoch_begin(self, epoch, logs=None):
            pass

        def on_epoch_end(self, epoch, logs=None):
            pass


class layers:
    class Dense:
        def __init__(self, units):
            self.units = units


class Sequential:
    def __init__(self, layers=None):
        self.weights = self.moments = None

    def compile(self, optimizer="rmsprop", loss=None):
        assert loss == "mse"

    def fit(self, x=None, y=None, *, epochs=1, verbose="auto", callbacks=None, shuffle=True, initial_epoch=0):
        if self.weights is None:
            self.weights, self.moments = numpy.full(x.shape[1], 0.1), numpy.zeros(x.shape[1])
        for callback in callbacks or []:
            callback.set_model(self)
        for epoch in range(initial_epoch, epochs):
            for callback in callbacks or []:
                callback.on_epoch_begin(epoch)
            for at in numpy.random.permutation(len(x)):
                self.moments = 0.9 * self.moments + (x[at] @ self.weights - y[at]) * x[at]
                self.weights = self.weights - 0.02 * self.moments
            for callback in callbacks or []:
                callback.on_epoch_end(epoch, {"loss": self.evaluate(x, y)})

    def evaluate(self, x=None, y=None, verbose="auto"):
        return float(((x @ self.weights - y) ** 2).mean())

    def save(self, filepath, overwrite=True):
        assert str(filepath).endswith(".keras")
        with open(filepath, "wb") as file:
            pickle.dump(self, file)


class models:
    @staticmethod
    def load_model(filepath, custom_objects=None, compile=True):
        with open(filepath, "rb") as file:
            return pickle.load(file)


class utils:
    @staticmethod
    def set_random_seed(seed):
        random.seed(seed)
        numpy.random.seed(seed)

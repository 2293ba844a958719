"""A stand-in for PyTorch 2: the calls that docs/guides/python.md uses, with their signatures. One layer learns for real."""

import pickle
import random as _random

from . import nn, optim

_generator = _random.Random(0)


class Tensor:
    def __init__(self, rows, graph=None):
        self.rows, self.graph = rows, graph

    def __getitem__(self, chosen):
        return Tensor([self.rows[at] for at in chosen.rows])

    def sum(self, dim, keepdim=False):
        assert dim == 1 and keepdim
        return Tensor([[sum(row)] for row in self.rows])

    def split(self, split_size):
        return tuple(Tensor(self.rows[at : at + split_size]) for at in range(0, len(self.rows), split_size))

    def backward(self):
        self.graph()

    def item(self):
        return self.rows


class cuda:
    @staticmethod
    def is_available():
        return False


def manual_seed(seed):
    _generator.seed(seed)


def get_rng_state():
    return _generator.getstate()


def set_rng_state(new_state):
    _generator.setstate(new_state)


def randn(*size):
    return Tensor([[_generator.gauss(0, 1) for _ in range(size[1])] for _ in range(size[0])])


def randperm(n):
    order = list(range(n))
    _generator.shuffle(order)
    return Tensor(order)


def save(obj, f):
    with open(f, "wb") as file:
        pickle.dump(obj, file)


def load(f, map_location=None, *, weights_only=True):
    with open(f, "rb") as file:
        return pickle.load(file)

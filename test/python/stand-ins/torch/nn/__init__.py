from . import functional as functional


class Linear:
    def __init__(self, in_features, out_features):
        import torch

        assert out_features == 1
        self.weight = torch.randn(1, in_features + 1).rows[0]
        self.grad = [0.0] * len(self.weight)

    def __call__(self, x):
        import torch

        inputs = [[*row, 1.0] for row in x.rows]
        return torch.Tensor([[sum(map(lambda a, b: a * b, row, self.weight))] for row in inputs], (self, inputs))

    def parameters(self):
        return iter([self])

    def state_dict(self):
        return {"weight": list(self.weight)}

    def load_state_dict(self, state_dict):
        self.weight[:] = state_dict["weight"]

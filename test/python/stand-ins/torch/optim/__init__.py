class SGD:
    def __init__(self, params, lr=1e-3, momentum=0):
        self.layers, self.lr, self.momentum = list(params), lr, momentum
        self.moments = [[0.0] * len(layer.weight) for layer in self.layers]

    def zero_grad(self):
        for layer in self.layers:
            layer.grad = [0.0] * len(layer.weight)

    def step(self):
        for layer, moments in zip(self.layers, self.moments):
            for at, grad in enumerate(layer.grad):
                moments[at] = self.momentum * moments[at] + grad
                layer.weight[at] -= self.lr * moments[at]

    def state_dict(self):
        return {"moments": [list(moments) for moments in self.moments]}

    def load_state_dict(self, state_dict):
        self.moments = [list(moments) for moments in state_dict["moments"]]

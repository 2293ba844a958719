"""A stand-in for Lightning 2: the calls that docs/guides/python.md uses, with their signatures."""

import pickle


class LightningModule:
    pass


class callbacks:
    class Callback:
        def on_train_epoch_end(self, trainer, pl_module):
            pass


class Trainer:
    def __init__(self, *, max_epochs=None, callbacks=None, enable_checkpointing=None, logger=None):
        self.max_epochs, self.callbacks, self.current_epoch = max_epochs, callbacks or [], 0
        self._finished = 0

    def fit(self, model, train_dataloaders=None, val_dataloaders=None, datamodule=None, ckpt_path=None):
        self._model = model
        if ckpt_path is not None:
            with open(ckpt_path, "rb") as file:
                self._finished, model.__dict__ = pickle.load(file)
        for self.current_epoch in range(self._finished, self.max_epochs):
            for at, batch in enumerate(train_dataloaders):
                model.training_step(batch, at)
            self._finished += 1
            for callback in self.callbacks:
                callback.on_train_epoch_end(self, model)  # current_epoch is still the number of this epoch
        self.current_epoch = self._finished

    def save_checkpoint(self, filepath, weights_only=False):
        with open(filepath, "wb") as file:
            pickle.dump((self._finished, self._model.__dict__), file)

"""`basin.lightning` and `basin.transformers`: the same watching inside other people's training loops. Neither is imported until asked for."""

from __future__ import annotations

from typing import Any, Callable, Optional

import torch

from .errors import BasinError
from .probe import Probe
from .watch import watch


def lightning(**options: Any) -> Any:
    """
    A callback for `lightning.Trainer(callbacks=[basin.lightning(loss=…, data=…)])`; options as `basin.watch`.
    Its model is the LightningModule, called on the inputs; give `forward=` where a batch is not (inputs, targets).
    @raises BasinError where neither lightning nor pytorch_lightning is installed.
    """
    try:
        from lightning.pytorch import Callback
    except ImportError:
        try:
            from pytorch_lightning import Callback
        except ImportError as error:
            raise BasinError("basin.lightning needs the package lightning (pip install lightning).") from error

    class BasinCallback(Callback):  # type: ignore[misc]
        probe: Optional[Probe] = None
        _at = 0

        def on_train_start(self, trainer: Any, module: Any) -> None:
            accumulation = int(getattr(trainer, "accumulate_grad_batches", 1) or 1)
            own = dict(options)
            if len(trainer.optimizers) != 1:
                raise BasinError(f"basin.lightning watches one optimizer; this module has {len(trainer.optimizers)}.")
            held = own.get("data")
            size = getattr(held, "batch_size", None)
            if "batch_size" not in own and size:
                own["batch_size"] = size * accumulation * int(trainer.world_size)
            self.probe = watch(module, trainer.optimizers[0], **own)
            self._at = trainer.global_step

        def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
            # With accumulation a batch is not a step.
            if self.probe is None or trainer.global_step == self._at:
                return
            self._at = trainer.global_step
            loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
            self.probe.step(loss if isinstance(loss, torch.Tensor) else None)
            if self.probe.should_stop:
                trainer.should_stop = True

        def on_train_end(self, trainer: Any, module: Any) -> None:
            if self.probe is not None:
                self.probe.close()

        def on_exception(self, trainer: Any, module: Any, exception: BaseException) -> None:
            if self.probe is not None:
                self.probe.__exit__(type(exception), exception, exception.__traceback__)

    return BasinCallback()


def _logits(model: Any, batch: Any) -> tuple[torch.Tensor, Any]:
    inputs = {key: value for key, value in batch.items() if key != "labels"}
    return model(**inputs).logits, batch["labels"]


def transformers(**options: Any) -> Any:
    """
    A callback for `transformers.Trainer(callbacks=[basin.transformers(data=…)])`; options as `basin.watch`. Left out, the loss is the
    cross-entropy of logits and labels.
    @raises BasinError where transformers is not installed.
    """
    try:
        from transformers import TrainerCallback
    except ImportError as error:
        raise BasinError("basin.transformers needs the package transformers (pip install transformers).") from error

    class BasinCallback(TrainerCallback):  # type: ignore[misc]
        probe: Optional[Probe] = None

        def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            loss: Callable[..., torch.Tensor] = torch.nn.functional.cross_entropy
            own: dict[str, Any] = {
                "loss": loss,
                "forward": _logits,
                "batch_size": args.train_batch_size * args.gradient_accumulation_steps * args.world_size,
                "sampling": "epochs",
                "drop_last": bool(args.dataloader_drop_last),
                **options,
            }
            if "data" not in own:
                raise BasinError("basin.transformers needs data=basin.hold(…): the examples that are measured.")
            self.probe = watch(given["model"], given["optimizer"], **own)

        def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            if self.probe is not None:
                self.probe.step()
                if self.probe.should_stop:
                    control.should_training_stop = True

        def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            if self.probe is not None:
                self.probe.close()

    return BasinCallback()

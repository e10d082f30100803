"""Six steps of a tiny training, after which each rank writes a digest of its weights.

And how often the gradients of G and of D were averaged at each step.

`torchrun … tests/rank_weights.py RANKS FOLDER`, for test_rank_weights.py.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.distributed import GradBucket
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.futures import Future

from dcgan_inpainting.networks.batches import Batches
from dcgan_inpainting.networks.distribution import Rank, start
from dcgan_inpainting.train.updates import Trainer
from tests.tiny_training import faces, settings

if __name__ == "__main__":
    params = settings(batch_size=12, generator_steps=2, r1_weight=1.0, augment=["translation"])
    fabric = start(int(sys.argv[1]), 1, "auto", "float32")
    rank = Rank.of(fabric)
    trainer, batches = Trainer(params, 32, fabric), Batches(faces(30), params, rank)
    averaged = {"generator": 0, "discriminator": 0}

    def counting(name: str) -> Callable[[Any, GradBucket], Future[Tensor]]:
        def hook(state: Any, bucket: GradBucket) -> Future[Tensor]:
            averaged[name] += bucket.is_last()
            return allreduce_hook(state, bucket)

        return hook

    for name in averaged:
        getattr(trainer, name)._forward_module.register_comm_hook(None, counting(name))
    figures, counts = [], []
    for step in range(1, 7):
        figures.append(trainer.step(batches(step)))
        counts.append(list(averaged.values()))
    digest = hashlib.md5(usedforsecurity=False)
    for network in (trainer.generator, trainer.discriminator, trainer.average):
        for weight in network.parameters():
            digest.update(weight.detach().numpy().tobytes())
    own = hashlib.md5(str(figures).encode(), usedforsecurity=False)
    text = json.dumps([digest.hexdigest(), own.hexdigest(), counts])
    (Path(sys.argv[2]) / str(rank.number)).write_text(text, encoding="utf-8")

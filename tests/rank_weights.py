"""Six steps of a tiny training, after which each rank writes a digest of its weights.

`torchrun … tests/rank_weights.py RANKS FOLDER`, for test_rank_weights.py.
"""

import hashlib
import sys
from pathlib import Path

from tiny_training import faces, settings

from dcgan_inpainting.batches import Batches
from dcgan_inpainting.distribution import Rank, start
from dcgan_inpainting.training.updates import Trainer

if __name__ == "__main__":
    params = settings(batch_size=12, generator_steps=2, r1_weight=1.0, augment=["translation"])
    fabric = start(int(sys.argv[1]), 1, "auto", "float32")
    rank = Rank.of(fabric)
    trainer, batches = Trainer(params, 32, fabric), Batches(faces(30), params, rank)
    figures = [trainer.step(batches(step)) for step in range(1, 7)]
    digest = hashlib.md5(usedforsecurity=False)
    for network in (trainer.generator, trainer.discriminator, trainer.average):
        for weight in network.parameters():
            digest.update(weight.detach().numpy().tobytes())
    own = hashlib.md5(str(figures).encode(), usedforsecurity=False)
    text = f"{digest.hexdigest()} {own.hexdigest()}"
    (Path(sys.argv[2]) / str(rank.number)).write_text(text, encoding="utf-8")

"""The adversarial losses, as pure functions of the discriminator's logits (shape N, any real).

Cross-entropy stands in softplus form: −log sigmoid(x) = softplus(−x), which neither overflows nor
loses the gradient. D's loss is the sum of its loss on real and on generated images; the two are
apart because each is differentiated right after its own forward pass.
"""

from typing import Literal

from torch import Tensor
from torch.nn.functional import relu, softplus

Loss = Literal["cross_entropy", "hinge"]


def discriminator_loss_on_real(logits: Tensor, loss: Loss, smoothing: float) -> Tensor:
    """Return D's mean loss on real images, a scalar.

    cross_entropy: against the label 1 − smoothing (Goodfellow et al. 2014, with the one-sided
    smoothing of Salimans et al. 2016, section 3.4).
    hinge: relu(1 − logit) (Lim and Ye 2017); smoothing does not apply.
    """
    if loss == "hinge":
        return relu(1 - logits).mean()
    return ((1 - smoothing) * softplus(-logits) + smoothing * softplus(logits)).mean()


def discriminator_loss_on_fake(logits: Tensor, loss: Loss) -> Tensor:
    """Return D's mean loss on generated images, a scalar.

    cross_entropy: against the label 0. hinge: relu(1 + logit).
    """
    return relu(1 + logits).mean() if loss == "hinge" else softplus(logits).mean()


def generator_loss(logits: Tensor, loss: Loss) -> Tensor:
    """Return G's mean loss for D's logits of generated images, a scalar.

    cross_entropy: against the label 1, the non-saturating −log D(G(z)).
    hinge: −logit.
    """
    return -logits.mean() if loss == "hinge" else softplus(-logits).mean()

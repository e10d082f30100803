"""The adversarial losses, as pure functions of the discriminator's logits (shape N, any real).

Cross-entropy stands in softplus form: −log sigmoid(x) = softplus(−x), which neither overflows nor
loses the gradient. D's loss is the sum of its loss on real and on generated images; the two are
apart because each is differentiated right after its own forward pass. R1 may be added to D's loss
on real images.
"""

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from dcgan_inpainting.train.params import Loss


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


def r1_penalty(logits: Tensor, images: Tensor, gamma: float) -> Tensor:
    """Return R1, what D's slope at real images costs it: γ/2 · mean over images of ‖∇D(x)‖².

    D(x) is the logit. It keeps D from growing ever steeper where it is right already, without
    which training need not converge. Source: Mescheder, Geiger and Nowozin, "Which Training Methods
    for GANs do actually Converge?", ICML 2018, section 4.1.

    Lazy regularisation: at every kth step, times k, it does as much for about a kth of its cost
    (Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020, section 3.1,
    with k = 16). Where that step is one of the optimiser's own, beside the loss's, the paper
    raises Adam's betas to the power k/(k + 1), and multiplies the learning rate by that number.

    With batch norm a logit depends on the other images of its batch, and the slope is that of the
    batch's sum: take `spectral` or `none` as the discriminator's normalisation.

    Args:
        logits: D's for the images, shape N, computed from them.
        images: N×3×H×W, with requires_grad; float32, also when D runs under autocast.
        gamma: the weight γ, from 0.1 to 10 or so; more for larger images.

    Returns:
        A float32 scalar that can be differentiated in D's weights.
    """
    (slopes,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gamma / 2 * slopes.float().square().sum((1, 2, 3)).mean()

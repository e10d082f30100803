"""What a training tells of itself on the way."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Progress:
    """Means over the steps since the last report."""

    step: int
    images: int  # seen so far
    g_loss: float
    d_loss: float
    d_real: float  # mean D(x), a probability
    d_fake: float  # mean D(G(z)), a probability
    g_grad_norm: float  # L2 norm of the loss's gradient in all of G's weights, at G's last update
    d_grad_norm: float  # the same of D

    def metrics(self) -> dict[str, float]:
        """Return what is worth a curve, by name."""
        return {key: value for key, value in asdict(self).items() if key not in ("step", "images")}

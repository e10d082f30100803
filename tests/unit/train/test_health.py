"""What counts as a training that gets nowhere."""

from dcgan_inpainting.train.health import HOPELESS_IMAGES, Health
from dcgan_inpainting.training.history import Row


def report(images: int, **values: float) -> Row:
    usual = {"g_loss": 3.0, "d_loss": 0.6, "d_real": 0.8, "d_fake": 0.1}
    return {"step": images // 10, "images": images, **usual, **values}


def won(images: int) -> Row:
    return report(images, g_loss=11.0, d_loss=0.33, d_real=0.9, d_fake=1e-4)


def test_an_ordinary_training_is_well() -> None:
    health = Health()
    assert [health.complaint(report(n * 1000)) for n in range(100)] == [""] * 100


def test_a_discriminator_that_stays_ahead_has_won() -> None:
    health = Health()
    said = [health.complaint(won(images)) for images in range(1000, HOPELESS_IMAGES + 1001, 1000)]
    assert said[:-1] == [""] * (len(said) - 1)
    assert said[-1].startswith("the discriminator has won: for the last 20000 images")


def test_one_better_report_is_enough_to_go_on() -> None:
    health = Health()
    for images in range(1000, HOPELESS_IMAGES, 1000):
        assert health.complaint(won(images)) == ""
    assert health.complaint(report(HOPELESS_IMAGES)) == ""
    assert health.complaint(won(HOPELESS_IMAGES + 1000)) == ""


def test_a_cautious_generator_is_no_lost_one() -> None:
    """Early trainings here have a loss of G of up to 9 with D(G(z)) about 0.01."""
    health = Health()
    for images in range(1000, 3 * HOPELESS_IMAGES, 1000):
        assert health.complaint(report(images, g_loss=9.0, d_fake=0.01)) == ""

"""Validation: the same images each time, and scores that say which generator is better."""

import numpy as np
import pytest

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.networks.dcgan import Generator
from dcgan_inpainting.train import validation
from dcgan_inpainting.train.sliced_wasserstein import sliced_wasserstein
from dcgan_inpainting.train.updates import Trainer
from dcgan_inpainting.train.validation import Validator, better
from tests.tiny_training import faces, one_process, settings


def generator() -> Generator:
    return Trainer(settings(), 32, one_process()).average.eval()


def test_the_distance_is_that_of_samples_from_validation_images() -> None:
    train, held_out = faces(20), faces(6, seed=1)
    one, judge = generator(), Validator(train, held_out, settings())
    scores = judge.scores(one)
    expected = sliced_wasserstein(held_out, judge.samples(one, 6), 1)
    assert list(scores)[:3] == ["swd", "swd_floor", "reconstruction_psnr"]
    assert scores["swd"] == pytest.approx(expected.mean)
    levels = {name: value for name, value in scores.items() if name not in list(scores)[:3]}
    assert levels == pytest.approx({f"swd_{s}": value for s, value in expected.levels.items()})


def test_the_floor_is_that_of_as_many_training_images() -> None:
    """Noise from noise is as far as noise from other noise; samples of no training are further."""
    scores = Validator(faces(40), faces(8, seed=1), settings()).scores(generator())
    other = sliced_wasserstein(faces(8, seed=2), faces(8, seed=3), 1).mean
    assert scores["swd_floor"] == pytest.approx(other, rel=0.2)
    assert scores["swd"] > 1.2 * scores["swd_floor"]


def test_large_sets_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "MAX_IMAGES", 5)
    asked: list[int] = []
    real = Validator.samples

    def counted(self: Validator, made_by: Generator, count: int) -> Images:
        asked.append(count)
        return real(self, made_by, count)

    monkeypatch.setattr(Validator, "samples", counted)
    Validator(faces(40), faces(30, seed=1), settings()).scores(generator())
    assert asked == [5]


def test_samples_are_the_same_however_many_are_made_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, judge = generator(), Validator(faces(20), faces(6, seed=1), settings())
    whole = judge.samples(one, 7)
    assert (whole.shape, whole.dtype) == ((7, 32, 32, 3), np.uint8)
    monkeypatch.setattr(validation, "SAMPLES_AT_ONCE", 3)
    np.testing.assert_allclose(judge.samples(one, 7).astype(int), whole, atol=1)


def test_better_is_nearer_by_swd_and_louder_by_psnr_on_average() -> None:
    near = {"swd": 20.0, "reconstruction_psnr": 20.0}
    loud = {"swd": 30.0, "reconstruction_psnr": 22.0}
    assert better([near], [loud], "swd")
    assert not better([loud], [near], "swd")
    assert better([loud], [near], "reconstruction")
    assert not better([near], [loud], "reconstruction")
    assert better([near], [loud], "last")
    assert better([loud], [near], "last")
    assert not better([near], [near], "swd")
    lucky = {"swd": 27.0, "reconstruction_psnr": 23.0}
    assert not better([near, near, lucky], [loud], "reconstruction")
    assert better([loud, near, near], [near, loud, loud], "swd")


def test_validating_twice_gives_the_same_scores() -> None:
    one, judge = generator(), Validator(faces(20), faces(6, seed=1), settings())
    assert judge.scores(one) == judge.scores(one)
    again = Validator(faces(20), faces(6, seed=1), settings())
    assert again.scores(one) == pytest.approx(judge.scores(one))

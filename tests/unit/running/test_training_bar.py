"""The bar of a training, over several attempts."""

import logging

import pytest

from dcgan_inpainting.running.training_bar import TrainingBar


def test_it_counts_on_from_where_an_earlier_process_left_off(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), TrainingBar("train", 100) as bar:
        bar._bar.delay = 0  # shown at once
        bar.go_on(40)
        bar.reach(50, G="1.25", D="0.50")
        bar.reach(100, G="1.00", D="0.75")
    assert "going on after 40 images" in caplog.text
    shown = capsys.readouterr().err
    assert "100/100" in shown
    assert "G=1.00" in shown
    assert "D=0.75" in shown
    assert bar._bar.initial == 40


def test_the_rate_is_that_of_this_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with TrainingBar("encoder", 10_000) as bar:
        now = bar._bar.start_t
        monkeypatch.setattr(bar._bar, "_time", lambda: now + 10)
        bar.go_on(9_000)
        assert bar.reach(9_100) == pytest.approx(10, rel=0.01)

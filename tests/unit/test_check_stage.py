"""The stage check: a search that uses an encoder needs one that is trained."""

from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from dcgan_inpainting.errors import UserError
from stages.check import check_encoder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the project's params.yaml, in the working directory."""
    file = tmp_path / "params.yaml"
    file.write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return file


@pytest.mark.parametrize("use", ["inpaint.start=encoder", "inpaint.start=random"])
def test_an_encoder_that_is_used_and_not_trained_is_refused(params: Path, use: str) -> None:
    share = "inpaint.encoder_share=0" if use.endswith("encoder") else "inpaint.encoder_share=0.1"
    apply_overrides(params, [use, share, "encoder.images=0"])
    with pytest.raises(UserError, match=r"encoder\.images is 0") as no:
        check_encoder()
    assert "\n" not in str(no.value)
    assert "set inpaint.start to random and inpaint.encoder_share to 0" in str(no.value)


@pytest.mark.parametrize(
    "overrides",
    [
        ["inpaint.start=encoder", "encoder.images=1"],
        ["inpaint.start=random", "inpaint.encoder_share=0", "encoder.images=0"],
        ["inpaint.start=encoder", "inpaint.method=yeh", "encoder.images=0"],
    ],
)
def test_other_settings_are_fine(params: Path, overrides: list[str]) -> None:
    apply_overrides(params, overrides)
    check_encoder()

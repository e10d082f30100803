"""Tables of figures."""

from pathlib import Path

from dcgan_inpainting.common.files import write_table


def test_counts_stay_whole_and_fractions_have_six_digits(tmp_path: Path) -> None:
    rows = [{"step": 1, "psnr": 12.3456789}, {"step": 20_000_000, "psnr": 1e-9}]
    write_table(tmp_path / "table.csv", ["step", "psnr"], rows)
    written = (tmp_path / "table.csv").read_bytes()
    assert written == b"step,psnr\n1,12.3457\n20000000,1e-09\n"


def test_a_table_without_rows_has_its_header(tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv", ["step", "psnr"], [])
    assert (tmp_path / "table.csv").read_bytes() == b"step,psnr\n"

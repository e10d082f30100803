"""`make tables`: what stands between the comments is what docs/data says, and nothing else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dcgan_inpainting.commands.table_kinds import KINDS, render
from dcgan_inpainting.commands.tables import check, write, written_anew
from dcgan_inpainting.common.errors import FaultError, UserError

ROOT = Path(__file__).parents[3]

QUALITY = """\
mask,method,hole_psnr,hole_ssim,hole_l1,psnr,ssim,l1,hole_psnr_ci95,hole_ssim_ci95,of_another_day
half,mean,15.504,0.5,0.1234,18.5,0.7,0.2,0.275,0.0104,7
half,latent,21.476,0.4996,,24.4,0.8804,0.1,0.409,0.012,7
center,mean,16.5,0.6,0.13,22.5,0.8,0.3,0.3,0.01,7
center,latent,16.4,0.7,0.03,31.5,0.9,0.3,0.2,0.02,7
"""
DIFFERENCES = """\
mask,method,other,metric,difference,ci95,better
half,latent,mean,hole_psnr,5.972,0.4204,0.95833
half,latent,mean,hole_ssim,-0.0004,0.01,0.5
half,latent,yeh,hole_psnr,2.93,0.35,
half,latent,yeh,hole_ssim,0.126,0.011,
center,latent,mean,hole_psnr,-0.1,0.3,1
"""
TRAININGS = """\
activations,G:D,seed,SWD,half: hole SSIM
paper,1:1,1,40,0.5
paper,1:1,2,44,0.5
paper,1:2,1,30,0.6
paper,1:2,2,36,0.7
paper,1:2,3,33,0.65
"""
PLAIN = 'images,"time, s"\n"20,000",9.10\nall | none,\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with figures, and with pages that ask for no table."""
    data = tmp_path / "docs/data/drawn"
    data.mkdir(parents=True)
    (data / "quality.csv").write_text(QUALITY, encoding="utf-8")
    (data / "paired.csv").write_text(DIFFERENCES, encoding="utf-8")
    (data / "times.csv").write_text(PLAIN, encoding="utf-8")
    (data / "seeds.csv").write_text(TRAININGS, encoding="utf-8")
    (tmp_path / "README.md").write_text("# Faces\n")
    return tmp_path


def asking(*tables: str) -> str:
    return "".join(f"<!-- table: {one} -->\n<!-- end of table -->\n" for one in tables)


RENDERED = {
    "quality drawn": [
        "| mask | method | hole PSNR [dB] | hole SSIM | hole L1 | PSNR | SSIM |",
        "|---|---|---|---|---|---|---|",
        "| half | mean | 15.50 ± 0.28 | **0.500 ± 0.010** | 0.1234 | 18.50 | 0.700 |",
        "|  | latent | **21.48 ± 0.41** | 0.500 ± 0.012 | – | 24.40 | 0.880 |",
        "| center | mean | **16.50 ± 0.30** | 0.600 ± 0.010 | 0.1300 | 22.50 | 0.800 |",
        "|  | latent | 16.40 ± 0.20 | **0.700 ± 0.020** | 0.0300 | 31.50 | 0.900 |",
    ],
    "quality drawn latent": [
        "| mask | method | hole PSNR [dB] | hole SSIM | hole L1 | PSNR | SSIM |",
        "|---|---|---|---|---|---|---|",
        "| half | latent | 21.48 ± 0.41 | 0.500 ± 0.012 | – | 24.40 | 0.880 |",
        "| center | latent | 16.40 ± 0.20 | 0.700 ± 0.020 | 0.0300 | 31.50 | 0.900 |",
    ],
    "paired drawn mean": [
        "| mask | hole PSNR [dB] | better | hole SSIM | better |",
        "|---|---|---|---|---|",
        "| half | +5.97 ± 0.42 | 96 % | -0.000 ± 0.010 | 50 % |",
        "| center | -0.10 ± 0.30 | 100 % | – | – |",
    ],
    "against drawn yeh mean": [
        "| `latent` minus, hole PSNR [dB] / hole SSIM | `yeh` | `mean` |",
        "|---|---|---|",
        "| half | +2.93 ± 0.35 / +0.126 ± 0.011 | +5.97 ± 0.42 / -0.000 ± 0.010 |",
        "| center | – / – | -0.10 ± 0.30 / – |",
    ],
    # Two values that lie d apart: their mean's interval is 12.706 (Student's t) times d / 2. Seed 3
    # has one of the two trainings only, so no difference.
    "seeds drawn/seeds.csv": [
        "| activations | G:D | SWD | half: hole SSIM |",
        "|---|---|---|---|",
        "| paper | 1:1 | 42.00 ± 25.41 | 0.500 ± 0.000 |",
        "| paper | 1:2 | 33.00 ± 7.45 | 0.650 ± 0.124 |",
        "| paper | 1:2 less 1:1 | -9.00 ± 12.71 | +0.150 ± 0.635 |",
    ],
    "rows drawn/times.csv": [
        "| images | time, s |",
        "|---|---|",
        "| 20,000 | 9.10 |",
        "| all \\| none |  |",
    ],
}


@pytest.mark.parametrize("asked", RENDERED)
def test_what_each_kind_of_table_looks_like(root: Path, asked: str) -> None:
    assert render(asked, root / "docs/data") == RENDERED[asked]


def test_a_summary_is_the_last_words_of_make_repro(root: Path) -> None:
    fence, *lines, end = render("summary drawn", root / "docs/data")
    assert (fence, end) == ("```", "```")
    assert [" ".join(line.split()) for line in lines] == [
        "mask method hole PSNR [dB] hole SSIM PSNR SSIM",
        "half mean 15.50 ± 0.28 0.500 ± 0.010 18.50 0.700",
        "latent 21.48 ± 0.41 0.500 ± 0.012 24.40 0.880 ← best",
        "center mean 16.50 ± 0.30 0.600 ± 0.010 22.50 0.800 ← best",
        "latent 16.40 ± 0.20 0.700 ± 0.020 31.50 0.900",
    ]


def test_every_kind_of_table_is_tried_here() -> None:
    assert {asked.split()[0] for asked in RENDERED} | {"summary"} == set(KINDS)


def test_what_lies_between_the_comments_is_replaced_and_nothing_else(root: Path) -> None:
    rows = "\n".join(RENDERED["rows drawn/times.csv"])
    text = (
        "Before\n<!-- table: rows drawn/times.csv -->\n| old |\n\nmore\n<!-- end of table -->\n"
        "Between\n<!--table:  rows   drawn/times.csv-->\n<!-- end of table -->  \nAfter"
    )
    wanted = (
        f"Before\n<!-- table: rows drawn/times.csv -->\n{rows}\n<!-- end of table -->\n"
        f"Between\n<!--table:  rows   drawn/times.csv-->\n{rows}\n<!-- end of table -->  \nAfter"
    )
    found, changed = written_anew(text, root / "docs/data")
    assert found == wanted
    assert changed == ["rows drawn/times.csv", "rows   drawn/times.csv"]
    assert written_anew(found, root / "docs/data") == (wanted, [])


OPEN, SHUT = "<!-- table: rows drawn/times.csv -->\n", "<!-- end of table -->\n"
WRONG = {
    "x\n<!-- table: pie drawn -->\n<!-- end of table -->\n": (
        "line 2: <!-- table: pie drawn -->: there is no kind of table 'pie', but quality, "
    ),
    asking(""): "line 1: <!-- table:  -->: there is no kind of table ''",
    asking("paired drawn"): "the table paired takes NAME OTHER",
    asking("rows a.csv b.csv"): "the table rows takes FILE",
    asking("quality real"): "real/quality.csv is missing",
    asking("rows times.csv"): "docs/data/times.csv is missing",
    asking("rows drawn"): "docs/data/drawn is missing",
    asking("paired drawn nearest"): "drawn/paired.csv has no nearest, but mean, yeh",
    asking("quality drawn yeh"): "drawn/quality.csv has no yeh, but mean, latent",
    asking("summary bare"): "its CSV has no 'hole_psnr'",
    asking("quality empty"): "empty/quality.csv is no table (",
    asking("seeds drawn/times.csv"): "drawn/times.csv: its third column should be seed",
    asking("rows empty/quality.csv"): "empty/quality.csv is no table (",
    asking("rows bare/uneven.csv"): "bare/uneven.csv is no table (row 3 has 1 cells, not 2)",
    f"x\n{OPEN}": "line 2: <!-- table: rows drawn/times.csv --> has no <!-- end of table -->",
    f"{OPEN}{OPEN}{SHUT}": "line 1: <!-- table: rows drawn/times.csv --> has no <!-- end",
    f"{OPEN}{SHUT}{SHUT}": "line 3: <!-- end of table --> ends none",
}


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("command", [check, write])
def test_a_page_that_asks_for_what_is_not_to_be_had_is_named_and_nothing_is_written(
    root: Path, text: str, command: Callable[[Path], None]
) -> None:
    for name, content in (
        ("bare/quality.csv", "mask,method\nhalf,mean\n"),
        ("bare/uneven.csv", "a,b\n1,2\n3\n"),
        ("empty/quality.csv", ""),
    ):
        (root / "docs/data" / name).parent.mkdir(exist_ok=True)
        (root / "docs/data" / name).write_text(content)
    readme = asking("quality drawn")
    (root / "README.md").write_text(readme)
    page = root / "docs/notebook/page.md"
    page.parent.mkdir()
    page.write_text(text)
    with pytest.raises(UserError) as caught:
        command(root)
    assert str(caught.value).startswith(f"{page}: line ")
    assert WRONG[text] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert page.read_text() == text
    assert (root / "README.md").read_text() == readme


def test_a_changed_digit_is_found_and_mended(root: Path) -> None:
    page = root / "docs/results.md"
    page.write_text(asking("quality drawn", "rows drawn/times.csv"))
    write(root)
    check(root)
    right = page.read_text(encoding="utf-8")
    page.write_text(right.replace("21.48", "21.49"), encoding="utf-8")
    with pytest.raises(FaultError) as caught:
        check(root)
    assert str(caught.value).endswith(f": {page}: <!-- table: quality drawn -->")
    write(root)
    assert page.read_text(encoding="utf-8") == right


@pytest.mark.parametrize(("page", "status"), [("quality drawn", 1), ("pie", 2)])
def test_the_status_of_a_check(root: Path, page: str, status: int) -> None:
    (root / "README.md").write_text(asking(page))
    done = subprocess.run(
        [sys.executable, "-m", "dcgan_inpainting.commands.tables", "--check"],
        cwd=root,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == status
    assert f"README.md: {'' if status == 1 else 'line 1: '}<!-- table: {page} -->" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (root / "README.md").read_text() == asking(page)


def test_the_tables_of_this_checkout_are_what_its_data_say() -> None:
    check(ROOT)

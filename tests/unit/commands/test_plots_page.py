"""The page of `dvc plots show` with Vega in it. tests/browser holds what a browser makes of it."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dcgan_inpainting.commands import plots_page

DVC = Path(__file__).parents[3] / ".dvc"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DVC project with the template, and with a setting of this checkout alone."""
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet", "--no-scm"], check=True)
    page = tmp_path / ".dvc" / plots_page.PAGE
    page.parent.mkdir()
    page.write_text("<html>{refresh_tag} {plot_divs} {scripts} é</html>", encoding="utf-8")
    setting = ["--local", "core.remote", "mine"]
    subprocess.run([sys.executable, "-m", "dvc", "config", *setting], check=True)
    return tmp_path


def test_the_libraries_take_the_place_of_their_addresses_and_nothing_else_changes() -> None:
    page = plots_page.offline("<head>{refresh_tag}</head> {plot_divs} {scripts} <p>é</p>")
    before, _, rest = page.partition("<script>")
    bundle, _, after = rest.partition("</script>")
    assert before == "<head>{refresh_tag}</head> {plot_divs} "
    assert after == " <p>é</p>"
    assert "window.vegaEmbed" in bundle
    assert len(bundle) > 500_000
    for placeholder in ("{scripts}", "{plot_divs}", "{refresh_tag}"):  # that DVC would fill
        assert placeholder not in bundle


def test_dvc_uses_the_page_in_this_checkout_alone(project: Path) -> None:
    shared = (project / ".dvc" / "config").read_text()
    plots_page.install()
    plots_page.install()  # again, as when the template has changed
    written = (project / ".dvc" / "plots" / "offline.html").read_text(encoding="utf-8")
    assert written == plots_page.offline((project / ".dvc" / plots_page.PAGE).read_text("utf-8"))
    local = configparser.ConfigParser()
    local.read(project / ".dvc" / "config.local")
    assert local["plots"]["html_template"] == "plots/offline.html"
    assert local["core"]["remote"] == "mine"
    assert (project / ".dvc" / "config").read_text() == shared


def test_the_projects_template_has_dvcs_placeholders_once_each() -> None:
    """And git has the template, but not the page with somebody else's code in it."""
    page = (DVC / plots_page.PAGE).read_text(encoding="utf-8")
    for placeholder in ("{refresh_tag}", "{plot_divs}", "{scripts}"):
        assert page.count(placeholder) == 1
    config = configparser.ConfigParser()
    config.read(DVC / "config")
    assert config["plots"]["html_template"] == plots_page.PAGE.as_posix()
    ignored = ["git", "check-ignore", "--quiet", str(DVC / plots_page.OFFLINE)]
    assert subprocess.run(ignored, cwd=DVC, check=False).returncode == 0


@pytest.mark.parametrize(
    "how", [("-m", "dcgan_inpainting.commands.plots_page"), (plots_page.__file__,)]
)
def test_in_another_folder_it_says_so(tmp_path: Path, how: tuple[str, ...]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(DVC.parent / "src") if len(how) > 1 else ""}
    done = subprocess.run(
        [sys.executable, *how],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"plots_page: error: {Path('.dvc/plots/page.html')} is not there: run this from the "
        "project's top folder\n"
    )

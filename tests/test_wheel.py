"""The wheel has everything that an installation needs, and no data that it does not."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", str(out), str(ROOT)], check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize(
    "name",
    [
        "themis_rm/py.typed",
        "themis_rm/benchmark/authored.parquet",
        "themis_rm/recipes/demo.yaml",
        "themis_rm/recipes/ablate/tiny.yaml",
        "themis_rm/report/templates/ablation.html.j2",
        "themis_rm/models/published.csv",
        "themis_rm/report/templates/leaderboard.html.j2",
        "themis_rm/curation/terms/security_hardness.txt",
    ],
)
def test_a_file_is_in_the_wheel(names, name):
    assert name in names


def test_every_file_of_the_package_is_in_the_wheel(names):
    package = ROOT / "src" / "themis_rm"
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    missing = {f"themis_rm/{path.relative_to(package).as_posix()}" for path in files} - set(names)
    assert missing == set()


def test_authored_pairs_are_one_file(names):
    assert [name for name in names if "authored" in name and not name.endswith(".py")] == [
        "themis_rm/benchmark/authored.parquet"
    ]


def test_the_wheel_has_only_the_package_and_its_metadata(names):
    assert {name.split("/")[0].removesuffix(".dist-info").split("-")[0] for name in names} == {"themis_rm"}

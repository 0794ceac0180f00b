"""The public functions: settings in every form that they accept, and errors for arguments of a wrong type."""

import pytest
from tests.annotation.pairs import code_pair, judgment, read, write_lines, write_pairs

import themis_rm
from themis_rm.errors import SettingError, UserError
from themis_rm.models.settings import ModelSettings


@pytest.fixture
def loaded(monkeypatch):
    """Return a function that calls ``load`` and returns the settings that the scorer is loaded with."""
    from themis_rm.serve.scorer import Scorer

    def settings_of(**arguments):
        monkeypatch.setattr(Scorer, "load", staticmethod(lambda *arguments: arguments[2]))
        return themis_rm.load("length", **arguments)

    return settings_of


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_length": 64, "device": "cpu"},
        {"settings": {"max_length": 64, "device": "cpu"}},
        {"settings": ModelSettings(max_length=64, device="cpu")},
        {"settings": ModelSettings(max_length=64), "device": "cpu"},
        {"settings": {"max_length": 8, "device": "cpu"}, "max_length": 64},
    ],
)
def test_settings_have_several_forms(loaded, arguments):
    assert loaded(**arguments) == ModelSettings(max_length=64, device="cpu")


def test_dotted_keys_reach_nested_settings(loaded):
    remote = {"remote.url": "http://localhost:1", "remote.dialect": "tei"}
    expected = ModelSettings(remote={"url": "http://localhost:1", "dialect": "tei"})
    assert (
        loaded(settings=remote)
        == loaded(settings={"remote": {"url": "http://x", "dialect": "tei"}}, **{"remote.url": "http://localhost:1"})
        == expected
    )


def test_settings_are_read_from_a_file(loaded, tmp_path):
    (tmp_path / "model.yaml").write_text("max_length: 64\n", encoding="utf-8")
    assert loaded(settings=tmp_path / "model.yaml", device="cpu") == ModelSettings(max_length=64, device="cpu")


def test_an_unknown_key_is_refused_with_the_closest_one(loaded):
    with pytest.raises(SettingError, match=r"^settings: max_lenght: unknown key\. Did you mean 'max_length'\?"):
        loaded(max_lenght=64)


def test_settings_of_a_wrong_type_are_refused(loaded):
    with pytest.raises(TypeError, match=r"settings must be .*ModelSettings, a mapping or a file.*, not int"):
        loaded(settings=3)


def test_curate_needs_an_input(tmp_path):
    with pytest.raises(UserError, match="There is nothing to curate"):
        themis_rm.curate(None, tmp_path / "out")


@pytest.mark.parametrize("repos", ["https://example.org/a.git", ["https://example.org/a.git"]])
def test_urls_of_repositories_are_passed_unchanged(monkeypatch, tmp_path, repos):
    passed = []
    monkeypatch.setattr("themis_rm.mining.repositories.mine_repositories", lambda names, *_: passed.extend(names))
    themis_rm.mine(repos, tmp_path / "out")
    assert passed == ["https://example.org/a.git"]


def test_judgments_are_one_file_or_several(tmp_path):
    data = write_pairs(tmp_path / "p.parquet", [code_pair(1)])
    lines = write_lines(tmp_path / "j.jsonl", [judgment(read(data)[0], "right")])
    one = themis_rm.agreement(data, lines, interval="wilson")
    assert one == themis_rm.agreement(data, [lines], settings={"interval": "wilson"})
    assert one.overall.right.count == 1


def test_a_page_is_written_with_settings(tmp_path):
    report = themis_rm.browse("authored", tmp_path / "page.html", sample=5)
    assert report.kept == 5
    assert (tmp_path / "page.html").is_file()

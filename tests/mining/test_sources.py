"""What texts name as repositories, and what those are called."""

import pytest

from themis_rm.errors import InputError, SettingError
from themis_rm.mining.settings import MineSettings
from themis_rm.mining.sources import read_repos_file, resolve, url_name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/owner/name.git", "owner/name"), ("https://u:p@host:8080/owner/name/", "owner/name"),
        ("git@github.com:owner/name.git", "owner/name"), ("ssh://git@host/group/sub/name", "group/sub/name"),
        ("host:owner/name", "owner/name"), ("file:///srv/git/name.git", ""), ("/srv/git/name.git", ""),
        ("../name", ""), ("https://host/", ""), ("https://host/../etc", ""), ("https://host/a%0Ab", ""), ("", ""),
        ("https://[broken/owner/name", ""),
    ],
)  # fmt: skip
def test_names_out_of_urls(url, name):
    assert url_name(url) == name


@pytest.mark.parametrize("url", ["https://h.org/o/n.git", "ssh://git@h.org/o/n", "git://h.org/o/n", "git@h.org:o/n"])
def test_urls_of_servers_are_sources(url):
    (source,) = resolve([url])
    assert (source.kind, source.name, source.location, source.fault) == ("url", "o/n", url, "")


def test_passwords_stay_in_the_location(tmp_path):
    (source,) = resolve(["https://user:secret@h.org/o/n"])
    assert "secret" in source.location
    assert "secret" not in source.shown + source.name + source.key


def test_a_file_that_is_no_bundle_is_a_fault(tmp_path):
    (tmp_path / "x.txt").write_text("hello")
    assert resolve([str(tmp_path / "x.txt")])[0].fault == "It is a file, but no git bundle."


def test_a_name_too_long_for_the_system_is_a_fault():
    assert resolve(["x" * 5000])[0].fault == "There is no such file or folder."


def test_a_file_of_repositories_leaves_out_blank_lines_and_comments(tmp_path):
    (tmp_path / "repos").write_text("# ours\n\n  /srv/a  \nhttps://h.org/o/n\n")
    assert read_repos_file(tmp_path / "repos") == ["/srv/a", "https://h.org/o/n"]


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"\xff\xfe"])
def test_a_file_of_no_repositories_is_an_error(tmp_path, data):
    (tmp_path / "repos").write_bytes(data)
    with pytest.raises(InputError):
        read_repos_file(tmp_path / "repos")


def test_a_missing_file_of_repositories_is_an_error(tmp_path):
    with pytest.raises(InputError, match="Cannot read"):
        read_repos_file(tmp_path / "repos")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"languages": ["Pyhton"]}, "Did you mean 'Python'"), ({"licenses": ["MTI"]}, "Did you mean 'MIT'"),
        ({"since": "2020-01-01", "until": "2019-01-01"}, "nothing would be kept"), ({"max_bites": 1}, "max_bytes"),
        ({"message_min": 9, "message_max": 8}, "nothing would be kept"), ({"since": "yesterday"}, "since"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(values, message):
    with pytest.raises(SettingError, match=message):
        MineSettings.build(values)


def test_languages_go_by_any_of_their_names():
    assert MineSettings(languages=["csharp", "C", "Cpp"]).languages == ["C", "C#", "C++"]

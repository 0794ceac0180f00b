"""Resolution of paths and URLs to repositories, and settings of mining."""

import pytest

from themis_rm.errors import InputError, SettingError
from themis_rm.mining.settings import MineSettings
from themis_rm.mining.sources import read_repos_file, resolve_repositories, url_name


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
def test_names_are_derived_from_urls(url, name):
    assert url_name(url) == name


@pytest.mark.parametrize("url", ["https://h.org/o/n.git", "ssh://git@h.org/o/n", "git://h.org/o/n", "git@h.org:o/n"])
def test_urls_of_servers_are_accepted(url):
    (source,) = resolve_repositories([url])
    assert (source.kind, source.name, source.location, source.error) == ("url", "o/n", url, "")


def test_passwords_are_only_in_the_location(tmp_path):
    (source,) = resolve_repositories(["https://user:secret@h.org/o/n"])
    assert "secret" in source.location
    assert "secret" not in source.display_location + source.name + source.key


def test_a_file_that_is_not_a_bundle_is_an_error(tmp_path):
    (tmp_path / "x.txt").write_text("hello")
    assert resolve_repositories([str(tmp_path / "x.txt")])[0].error == "It is a file, but not a git bundle."


def test_a_name_too_long_for_the_system_is_an_error():
    assert resolve_repositories(["x" * 5000])[0].error == "There is no such file or directory."


def test_blank_lines_and_comments_in_a_file_of_repositories_are_ignored(tmp_path):
    (tmp_path / "repos").write_text("# comment\n\n  /srv/a  \nhttps://h.org/o/n\n")
    assert read_repos_file(tmp_path / "repos") == ["/srv/a", "https://h.org/o/n"]


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"\xff\xfe"])
def test_a_file_without_repositories_is_an_error(tmp_path, data):
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
        ({"since": "2020-01-01", "until": "2019-01-01"}, "no commit could be kept"), ({"max_bites": 1}, "max_bytes"),
        ({"min_message_length": 9, "max_message_length": 8}, "no commit could be kept"), ({"since": "yesterday"}, "since"),
    ],
)  # fmt: skip
def test_contradictory_settings_are_rejected(values, message):
    with pytest.raises(SettingError, match=message):
        MineSettings.build(values)


def test_languages_can_have_any_of_their_names():
    assert MineSettings(languages=["csharp", "C", "Cpp"]).languages == ["C", "C#", "C++"]

"""The license of every commit and file of a repository."""

from tests.mining.license_texts import GPL3, MIT

from themis_rm.mining.license_history import file_tag


def rows_of(mined):
    return {row.file_path: row.license for row in mined[0]}


def test_a_commit_has_the_license_of_its_time(history, mine):
    repo = history(license=GPL3)
    repo.change(path="old.py")
    repo.commit("Change the license", {"LICENSE": MIT.encode()})
    repo.change(path="new.py")
    assert rows_of(mine(repo.path, any_license=True)) == {"old.py": "GPL-3.0", "new.py": "MIT"}
    rows, report = mine(repo.path, out=repo.path / "out")
    assert [row.file_path for row in rows] == ["new.py"]
    outcome = report.details["repositories"][0]
    assert outcome["other_licenses"] == {"GPL-3.0": 1}
    assert outcome["license_changes"] == "GPL-3.0 -> MIT"
    assert report.dropped["license"] == 1


def test_commits_of_the_open_days_are_kept_when_the_license_was_closed_later(history, mine):
    repo = history(license=MIT)
    repo.change(path="open.py")
    repo.commit("Close the source", {"LICENSE": b"All rights reserved."})
    repo.change(path="closed.py")
    assert rows_of(mine(repo.path)) == {"open.py": "MIT"}


def test_commits_from_before_the_first_license_have_the_oldest_one(history, mine):
    repo = history(license=None)
    repo.change(path="early.py")
    repo.commit("Add the license", {"LICENSE": GPL3.encode()})
    repo.commit("Change the license", {"LICENSE": MIT.encode()})
    assert rows_of(mine(repo.path, any_license=True)) == {"early.py": "GPL-3.0"}


def test_a_branch_has_its_own_license_until_it_is_merged(history, mine):
    repo = history(license=GPL3)
    repo.git("checkout", "-q", "-b", "topic")
    repo.change(path="topic.py")
    repo.git("checkout", "-q", "main")
    repo.commit("Change the license", {"LICENSE": MIT.encode()})
    repo.git("merge", "-q", "--no-ff", "-m", "Merge branch topic", "topic")
    repo.change(path="after.py")
    assert rows_of(mine(repo.path, any_license=True)) == {"topic.py": "GPL-3.0", "after.py": "MIT"}


def test_tags_of_files_and_licenses_of_folders_rule_their_code(history, mine):
    repo = history(license=MIT)
    tag = b"# SPDX-License-Identifier: GPL-3.0-only\n"
    repo.commit("Add files", {"a.py": tag + b"a = 1\n", "vendor/LICENSE": GPL3.encode(), "vendor/b.py": b"b = 1\n"})
    repo.commit("Return more of the first", {"a.py": tag + b"a = 2\n"})
    repo.commit("Return more of the second", {"vendor/b.py": b"b = 2\n"})
    assert rows_of(mine(repo.path, any_license=True)) == {"a.py": "GPL-3.0", "vendor/b.py": "GPL-3.0"}
    assert mine(repo.path, out=repo.path / "out")[0] == []


def test_tagged_files_of_a_repository_without_a_license_are_kept(history, mine):
    repo = history(license=None)
    tag = b"# SPDX-License-Identifier: MIT\n"
    repo.commit("Add files", {"a.py": tag + b"a = 1\n", "LICENSE": b"Ask us for the conditions of this work."})
    repo.commit("Return more than before", {"a.py": tag + b"a = 2\n"})
    repo.change(path="b.py")
    assert rows_of(mine(repo.path)) == {"a.py": "MIT"}


def test_tags_are_the_license_of_a_repository_without_any_other(history, mine):
    repo = history(license=None)
    repo.commit("Add a file", {"c.py": b"# SPDX-License-Identifier: ISC\n"})
    repo.change()
    assert rows_of(mine(repo.path)) == {"a.py": "ISC"}


def test_package_metadata_is_followed_without_license_files(history, mine):
    repo = history(license=None)
    repo.commit("Add metadata", {"package.json": b'{"license": "GPL-3.0"}'})
    repo.change(path="old.py")
    repo.commit("Change metadata", {"package.json": b'{"license": "MIT"}'})
    repo.change(path="new.py")
    assert rows_of(mine(repo.path, any_license=True)) == {"old.py": "GPL-3.0", "new.py": "MIT"}


def test_an_unknown_license_is_named_with_its_first_line(history, mine):
    repo = history(license="Strange conditions\nof use\n" * 30)
    repo.change()
    assert "unknown (LICENSE: Strange conditions)" in mine(repo.path)[1].details["repositories"][0]["reason"]


def test_any_license_of_the_list_can_be_accepted(history, mine):
    repo = history(license="Boost Software License - Version 1.0")
    repo.change()
    assert rows_of(mine(repo.path, licenses=["MIT", "bsl-1.0", "EUDatagrid"])) == {"a.py": "BSL-1.0"}


def test_a_directory_of_licenses_is_used_if_there_is_no_file(history, mine):
    repo = history(license=None)
    repo.commit("Add the licenses", {"LICENSES/MIT.txt": MIT.encode(), "LICENSES/ISC.txt": b"ISC"})
    repo.change()
    assert [row.license for row in mine(repo.path)[0]] == ["ISC AND MIT"]


def test_a_license_that_is_a_symlink_is_not_followed(history, mine):
    repo = history(license=None)
    (repo.path / "LICENSE").symlink_to("/etc/passwd")
    repo.change()
    assert mine(repo.path)[1].details["repositories"][0]["license"] == "none"


def test_only_a_tag_near_the_start_that_can_be_read_counts():
    assert file_tag(b"// SPDX-License-Identifier: MIT\n") == "MIT"
    assert file_tag(b"x" * 5000 + b"\n// SPDX-License-Identifier: MIT\n") is None
    assert file_tag(b"// SPDX-License-Identifier: what ever\n") is None

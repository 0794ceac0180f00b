"""The parser of the output of ``git log``, with complete, truncated and hostile streams; rules for commits."""

import io
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.mining.history import (
    ChangeRules,
    ChangeSpool,
    FileVersion,
    LogEntry,
    RawChange,
    SelectedFiles,
    parse_log,
    select_files,
    split_nul,
)
from themis_rm.mining.settings import MineSettings

TEXT = st.binary(max_size=40).map(lambda data: data.replace(b"\0", b""))
OID = st.binary(min_size=20, max_size=20).map(lambda data: data.hex().encode())
FILE = st.tuples(OID, OID, st.sampled_from([b"M", b"A", b"D", b"T"]), TEXT.filter(bool))


@st.composite
def logs(draw):
    entries, data = [], b""
    for _ in range(draw(st.integers(0, 5))):
        oid, parents = draw(OID), draw(st.lists(OID, max_size=3))
        author_time, time = draw(st.integers(0, 2**40)), draw(st.integers(-(2**33), 2**40))
        subject, message, files = draw(TEXT), draw(TEXT), draw(st.lists(FILE, max_size=3))
        data += b"\0".join((oid, b" ".join(parents), b"%d" % author_time, b"%d" % time, subject, message, b""))
        lines = [b":100644 100644 %s %s %s" % (old, new, status) for old, new, status, _ in files]
        for number, (line, file) in enumerate(zip(lines, files, strict=True)):
            data += (b"" if number else b"\n") + line + b"\0" + file[3] + b"\0"
        changes = tuple(RawChange(line, file[3]) for line, file in zip(lines, files, strict=True))
        entries.append(LogEntry(oid, parents, author_time, time, subject, message, len(files), changes))
    return entries, data


@given(logs())
def test_entries_are_parsed_whatever_messages_and_paths_contain(case):
    entries, data = case
    assert list(parse_log(io.BytesIO(data), 3)) == entries


@given(logs(), st.integers(1, 3))
def test_of_many_files_the_first_ones_are_returned_and_all_are_counted(case, most):
    entries, data = case
    assert list(parse_log(io.BytesIO(data), most)) == [replace(e, changes=e.changes[:most]) for e in entries]


@given(st.binary(max_size=300), st.integers(1, 50))
def test_parts_do_not_depend_on_the_size_of_chunks(data, size):
    assert list(split_nul(io.BytesIO(data), size)) == data.split(b"\0")[:-1]


@given(logs(), st.integers(0, 400))
def test_a_truncated_stream_is_parsed_without_an_error(case, length):
    assert len(list(parse_log(io.BytesIO(case[1][:length])))) <= len(case[0])


PATHS = st.lists(TEXT.filter(bool), max_size=4)


@given(st.lists(st.tuples(TEXT, TEXT.filter(bool), PATHS, PATHS), max_size=5))
def test_spooled_changes_come_back_by_path_with_their_tests_and_other_files(tmp_path_factory, cases):
    spool, wanted = ChangeSpool(SimpleNamespace(scratch=tmp_path_factory.getbasetemp())), []
    for number, (message, path, tests, others) in enumerate(cases):
        versions = tuple(FileVersion(name, b"5" * 40) for name in tests)
        source = RawChange(b":100644 100644 %s %s M" % (b"3" * 40, b"4" * 40), path)
        spool.add(number, entry(message=message), SelectedFiles(source, versions, tuple(others)))
        wanted.append((path, number, message, versions, tuple(others)))
    found = [(item.path, item.number, item.message, item.tests, item.others) for item in spool]
    assert found == sorted(wanted)
    spool.close()


def entry(**changes):
    values = {
        "oid": b"1" * 40, "parents": [b"2" * 40], "author_time": 5, "time": 5, "subject": b"Return one more",
        "message": b"Return one more", "files": 1, "changes": (change("a.py"),),
    }  # fmt: skip
    return LogEntry(**(values | changes))


def change(path, status="M", mode="100644"):
    old = "0" * 6 if status == "A" else mode
    return RawChange(f":{old} {mode} {'3' * 40} {'4' * 40} {status}".encode(), path.encode())


def test_an_ordinary_change_is_read():
    assert ChangeRules(MineSettings()).select(entry()) == SelectedFiles(change("a.py"))


@pytest.mark.parametrize(
    ("files", "source", "tests", "others"),
    [
        (["a.py", "tests/test_a.py"], "a.py", ["tests/test_a.py"], []),
        (["CHANGES.rst", "docs/api.md", "src/a.c"], "src/a.c", [], ["CHANGES.rst", "docs/api.md"]),
        (["NEWS", "man/tool.1", "tool.go"], "tool.go", [], ["NEWS", "man/tool.1"]),
        (["CHANGELOG.md", "tests/test_a.py"], "tests/test_a.py", [], ["CHANGELOG.md"]),
        (["tests/a.json", "tests/test_a.py"], "tests/test_a.py", ["tests/a.json"], []),
        (["Makefile", "a_test.go"], "Makefile", ["a_test.go"], []),
        (["a.py", "b.py"], None, [], []),
        (["a.py", "setup.cfg", "tests/test_a.py"], None, [], []),
        (["tests/test_a.py", "tests/test_b.py"], None, [], []),
        (["README.md", "docs/api.md"], None, [], []),
    ],
)
def test_the_files_of_a_commit_are_one_source_file_with_tests_and_documents(files, source, tests, others):
    found = select_files(tuple(change(path) for path in files))
    wanted = source and SelectedFiles(
        change(source),
        tuple(FileVersion(path.encode(), b"4" * 40) for path in tests),
        tuple(path.encode() for path in others),
    )
    assert found == wanted


def test_deleted_tests_and_links_are_named_only():
    found = select_files((change("a.py"), change("tests/b.py", "D"), change("tests/c.py", mode="120000")))
    assert found == SelectedFiles(change("a.py"), (), (b"tests/b.py", b"tests/c.py"))


def test_commits_of_several_files_are_dropped_by_default_and_beyond_the_limit():
    files = tuple(change(path) for path in ("a.py", "tests/b.py", "tests/c.py"))
    several = entry(files=3, changes=files)
    reasons = [
        ChangeRules(MineSettings(**settings)).select(several)
        for settings in ({}, {"extra_files": "tests-and-docs", "max_extra_files": 1})
    ]
    assert reasons == ["several-files", "several-files"]
    assert ChangeRules(MineSettings(extra_files="tests-and-docs")).select(several) == select_files(files)


def test_a_commit_with_an_unreadable_date_is_dropped():
    data = b"\0".join((b"1" * 40, b"2" * 40, b"", b"", b"s", b"m", b""))
    assert ChangeRules(MineSettings()).select(next(parse_log(io.BytesIO(data)))) == "bad-date"


def test_the_boundary_of_a_shallow_clone_is_not_a_root():
    rules = ChangeRules(MineSettings(), frozenset([b"1" * 40]))
    assert rules.select(entry(parents=[])) == "shallow-boundary"


def test_the_time_range_includes_its_start_and_excludes_its_end():
    rules = ChangeRules(MineSettings(since="2019-06-01", until="2021-02-01"))
    times = (1_559_347_199, 1_559_347_200, 1_612_137_599, 1_612_137_600)
    found = [rules.select(entry(time=time)) for time in times]
    assert [item == "outside-time-range" for item in found] == [True, False, False, True]

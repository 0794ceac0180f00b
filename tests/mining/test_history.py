"""The parser of the output of ``git log``, with complete, truncated and hostile streams; rules for commits."""

import io

from hypothesis import given
from hypothesis import strategies as st

from themis_rm.mining.history import ChangeRules, LogEntry, parse_log, split_nul
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
        raw, path = (lines[0], files[0][3]) if files else (b"", b"")
        entries.append(LogEntry(oid, parents, author_time, time, subject, message, len(files), raw, path))
    return entries, data


@given(logs())
def test_entries_are_parsed_whatever_messages_and_paths_contain(case):
    entries, data = case
    assert list(parse_log(io.BytesIO(data))) == entries


@given(st.binary(max_size=300), st.integers(1, 50))
def test_parts_do_not_depend_on_the_size_of_chunks(data, size):
    assert list(split_nul(io.BytesIO(data), size)) == data.split(b"\0")[:-1]


@given(logs(), st.integers(0, 400))
def test_a_truncated_stream_is_parsed_without_an_error(case, length):
    assert len(list(parse_log(io.BytesIO(case[1][:length])))) <= len(case[0])


def entry(**changes):
    values = {
        "oid": b"1" * 40, "parents": [b"2" * 40], "author_time": 5, "time": 5, "subject": b"Return one more",
        "message": b"Return one more", "files": 1, "raw": b":100644 100644 %s %s M" % (b"3" * 40, b"4" * 40),
        "path": b"a.py",
    }  # fmt: skip
    return LogEntry(**(values | changes))


def test_an_ordinary_change_is_read():
    assert ChangeRules(MineSettings()).drop_reason(entry()) == ""


def test_a_commit_with_an_unreadable_date_is_dropped():
    data = b"\0".join((b"1" * 40, b"2" * 40, b"", b"", b"s", b"m", b""))
    assert ChangeRules(MineSettings()).drop_reason(next(parse_log(io.BytesIO(data)))) == "bad-date"


def test_the_boundary_of_a_shallow_clone_is_not_a_root():
    rules = ChangeRules(MineSettings(), frozenset([b"1" * 40]))
    assert rules.drop_reason(entry(parents=[])) == "shallow-boundary"


def test_the_time_range_includes_its_start_and_excludes_its_end():
    rules = ChangeRules(MineSettings(since="2019-06-01", until="2021-02-01"))
    times = (1_559_347_199, 1_559_347_200, 1_612_137_599, 1_612_137_600)
    assert [rules.drop_reason(entry(time=time)) for time in times] == [
        "outside-time-range",
        "",
        "",
        "outside-time-range",
    ]

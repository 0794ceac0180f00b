"""The parser of git's log, fed with whole, cut and hostile streams."""

import io

from hypothesis import given
from hypothesis import strategies as st

from themis_rm.mining.history import ChangeRules, LogEntry, parse_log, tokens
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
def test_what_git_writes_is_read_back_whatever_the_messages_and_paths_hold(case):
    entries, data = case
    assert list(parse_log(io.BytesIO(data))) == entries


@given(st.binary(max_size=300), st.integers(1, 50))
def test_tokens_do_not_depend_on_how_the_stream_is_cut(data, size):
    assert list(tokens(io.BytesIO(data), size)) == data.split(b"\0")[:-1]


@given(logs(), st.integers(0, 400))
def test_a_stream_that_breaks_off_is_read_without_an_error(case, length):
    assert len(list(parse_log(io.BytesIO(case[1][:length])))) <= len(case[0])


def entry(**changes):
    values = {
        "oid": b"1" * 40, "parents": [b"2" * 40], "author_time": 5, "time": 5, "subject": b"Return one more",
        "message": b"Return one more", "files": 1, "raw": b":100644 100644 %s %s M" % (b"3" * 40, b"4" * 40),
        "path": b"a.py",
    }  # fmt: skip
    return LogEntry(**(values | changes))


def test_a_plain_change_has_no_fault():
    assert ChangeRules(MineSettings()).fault(entry()) == ""


def test_a_date_that_git_could_not_read_is_a_fault():
    data = b"\0".join((b"1" * 40, b"2" * 40, b"", b"", b"s", b"m", b""))
    assert ChangeRules(MineSettings()).fault(next(parse_log(io.BytesIO(data)))) == "bad-date"


def test_the_boundary_of_a_shallow_clone_is_not_called_a_root():
    rules = ChangeRules(MineSettings(), frozenset([b"1" * 40]))
    assert rules.fault(entry(parents=[])) == "shallow-boundary"


def test_the_window_takes_its_first_second_and_not_its_last():
    rules = ChangeRules(MineSettings(since="2019-06-01", until="2021-02-01"))
    times = (1_559_347_199, 1_559_347_200, 1_612_137_599, 1_612_137_600)
    assert [rules.fault(entry(time=time)) for time in times] == ["outside-time", "", "", "outside-time"]

import gc
import weakref

from solution import FailureJournal


class Parsed(list):
    pass


watched = []


def failing():
    data = Parsed(range(1000))
    watched.append(weakref.ref(data))
    raise KeyError(f"row {len(data)}")


journal = FailureJournal(2)
assert journal.run("good", lambda: 7) is True
assert journal.report() == []
assert [journal.run(name, failing) for name in ("a", "b", "c")] == [False, False, False]
report = journal.report()
assert [name for name, _, _ in report] == ["c", "b"]
assert report[0][1] == "'row 1000'"
assert report[0][2].startswith("Traceback") and "in failing" in report[0][2]
gc.collect()
assert not [ref for ref in watched if ref() is not None], "the data of failed jobs stays in memory"

"""Codee Open Catalog: examples of checks."""

from collections import Counter

import pytest

from themis_rm.benchmark.sources.source import SOURCES, SourcePair, UnusableRecord
from themis_rm.errors import InputError

PAGE = """# PWR000: Do the thing

#### C

```c
// PWR000: here it goes wrong
void example() { slow(); }
```

Better:

```c
void solution() { quick(); }
```

#### Fortran

```fortran
subroutine example()
```
"""


def _check(directory, name, page=PAGE):
    (directory / name).mkdir()
    (directory / name / "README.md").write_text(page.replace("PWR000", name))


def _read(directory):
    return list(SOURCES.get("codee_open_catalog").read(directory))


def test_two_blocks_make_a_pair(tmp_path):
    _check(tmp_path, "PWR016")
    (pair,) = _read(tmp_path)
    assert (pair.key, pair.criterion, pair.rule, pair.group) == ("PWR016", "EE", "Do the thing", "PWR016")
    assert pair.chosen == "void example() { quick(); }\n"
    assert pair.rejected == "void example() { slow(); }\n"


def test_checks_can_use_the_files_next_to_the_page(tmp_path):
    _check(tmp_path, "PWR079")
    for name, value in (("example_a", ""), ("solution_a", " = 0"), ("solution_b", " = 0")):
        (tmp_path / "PWR079" / f"{name}.c").write_text(f"// PWR079: note\nint total{value};\n")
    pair, alone = _read(tmp_path)
    assert (pair.key, pair.chosen, pair.rejected) == ("PWR079:a", "int total = 0;\n", "int total;\n")
    assert alone == UnusableRecord("PWR079:b", "one-side-only")


def test_a_missing_block_is_counted(tmp_path):
    _check(tmp_path, "PWR034")
    assert _read(tmp_path) == [UnusableRecord("PWR034", "one-side-only")]


@pytest.mark.parametrize(
    ("name", "page", "reason"),
    [
        ("PWR028", PAGE, "chosen-does-not-compile"),
        ("PWR999", PAGE, "unmatched-examples"),
        ("PWR071", "# PWR071: Fortran\n", "language"),
    ],
)
def test_unusable_checks_are_counted_by_reason(tmp_path, name, page, reason):
    _check(tmp_path, name, page)
    assert _read(tmp_path) == [UnusableRecord(name, reason)]


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"README\.md"):
        _read(tmp_path)


def test_codee_reference_data_yields_the_known_counts(shared):
    items = _read(shared / "sources" / "codee_open_catalog")
    pairs = [item for item in items if isinstance(item, SourcePair)]
    assert Counter(item.reason for item in items if isinstance(item, UnusableRecord)) == {
        "language": 22,
        "chosen-does-not-compile": 7,
        "results-differ": 2,
        "names-differ": 1,
        "no-criterion-shown": 1,
        "unmatched-examples": 3,
    }
    assert Counter(pair.criterion for pair in pairs) == {"EE": 35, "FC": 16, "R&M": 5, "ME": 1}
    assert len({item.key for item in items}) == len(items)
    for marker in ("PWR", "PWD", "solution", "improved", "example.c"):
        assert not any(marker in pair.chosen + pair.rejected for pair in pairs)

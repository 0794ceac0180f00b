"""Fast Ruby: alternatives from benchmark scripts, ranked by measured speed."""

import re
from collections import Counter

import pytest

from themis_rm.benchmark.sources.fast_ruby import parse_speeds
from themis_rm.benchmark.sources.source import SOURCES, SourcePair, UnusableRecord
from themis_rm.errors import InputError

SCRIPT = """
require 'benchmark/ips'
require 'date'

# Slow to build
WORDS = %w[fast slow]
raise unless WORDS

def helper
  WORDS.first
end

def fast
  helper.size
end

def slow(word = helper)
  word.chars.count
end

if RUBY_VERSION >= '2.5.0'
  def near
    helper.length
  end
end

Benchmark.ips do |x|
  x.report('good') { fast }
  x.report("bad")  { slow }
  x.report('near') { near }
  x.report('new')  { WORDS.last.size }
  x.compare!
end
"""

PAGE = """
##### `a` vs `b` [code](code/text/a-vs-b.rb)

```
$ ruby -v code/text/a-vs-b.rb
Comparison:
        good:  3000.0 i/s
        near:  2900.5 i/s - 1.03x  slower
         bad:   100.0 i/s - 30.00x  (± 0.00) slower
```
"""


@pytest.fixture
def items(tmp_path):
    (tmp_path / "code" / "text").mkdir(parents=True)
    (tmp_path / "code" / "text" / "a-vs-b.rb").write_text(SCRIPT)
    (tmp_path / "README.md").write_text(PAGE)
    return list(SOURCES.get("fast_ruby").read(tmp_path))


def test_speeds_are_read_by_script_and_alternative():
    assert parse_speeds(PAGE) == {"text/a-vs-b.rb": [{"good": 3000.0, "near": 2900.5, "bad": 100.0}]}


def test_a_renamed_script_is_found_by_its_link():
    page = PAGE.replace("$ ruby -v code/text/a-vs-b.rb", "$ ruby -v code/text/a.rb")
    assert list(parse_speeds(page)) == ["text/a-vs-b.rb"]


def test_the_fastest_alternative_is_paired_with_a_slower_one(items):
    (pair,) = (item for item in items if isinstance(item, SourcePair))
    assert (pair.key, pair.criterion, pair.group) == ("text/a-vs-b.rb:bad", "EE", "text/a-vs-b.rb")
    setup = "require 'date'\nWORDS = %w[fast slow]\ndef helper\n  WORDS.first\nend\n\n"
    assert pair.chosen == setup + "helper.size\n"
    assert pair.rejected == setup + "def perform(word = helper)\n  word.chars.count\nend\n"


def test_equally_fast_and_unmeasured_alternatives_are_counted(items):
    assert [item for item in items if isinstance(item, UnusableRecord)] == [
        UnusableRecord("text/a-vs-b.rb:near", "same-speed"),
        UnusableRecord("text/a-vs-b.rb:new", "no-measurement"),
    ]


def test_a_folder_without_scripts_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no script"):
        list(SOURCES.get("fast_ruby").read(tmp_path))


def test_fast_ruby_reference_data_yields_the_known_counts(shared):
    items = list(SOURCES.get("fast_ruby").read(shared / "sources" / "fast_ruby"))
    pairs = [item for item in items if isinstance(item, SourcePair)]
    assert Counter(item.reason for item in items if isinstance(item, UnusableRecord)) == {
        "same-speed": 28,
        "no-measurement": 7,
        "other-result": 2,
    }
    assert len(pairs) == 75
    assert len({item.key for item in items}) == len(items)
    revealing = re.compile(r"def (?:self\.)?(?:fast|slow)|Benchmark|benchmark")
    assert not any(revealing.search(pair.chosen + pair.rejected) for pair in pairs)

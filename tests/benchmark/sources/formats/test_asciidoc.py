"""Source listings of AsciiDoc pages."""

import textwrap

from hypothesis import given
from hypothesis import strategies as st

from themis_rm.benchmark.sources.formats.asciidoc import find_listings

PAGE = textwrap.dedent(
    """\
    ////
    ----
    a comment
    ----
    ////
    = Title

    == Part [[anchor]] [[second]]

    Words.

    [source,ruby]
    ----
    = not a heading
    run
    ----

    ==== Style: x (default)
    ----
    plain
    ----
    """
)


def test_a_listing_knows_its_language_headings_and_prose():
    first, second = find_listings(PAGE)
    assert (first.language, first.headings, first.before) == ("ruby", ("Title", "Part"), "Words.")
    assert first.code == "= not a heading\nrun"
    assert (second.language, second.headings) == ("", ("Title", "Part", "Style: x (default)"))


def test_a_listing_in_a_comment_block_is_skipped():
    assert not any("a comment" in listing.code for listing in find_listings(PAGE))


def test_lines_are_counted_from_one():
    assert [listing.line for listing in find_listings(PAGE)] == [13, 19]


@given(st.lists(st.text(alphabet="ab=-[] \n").filter(lambda t: "----" not in t), max_size=4))
def test_every_listing_is_found(codes):
    page = "\n".join(f"[source,ruby]\n----\n{code}\n----\n" for code in codes)
    assert [listing.code for listing in find_listings(page)] == codes


@given(st.text(alphabet="-=/. a\n"))
def test_any_page_can_be_read(page):
    assert sum(len(listing.code) for listing in find_listings(page)) <= len(page)

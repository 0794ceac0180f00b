"""Fenced blocks of Markdown pages."""

import textwrap

from hypothesis import given
from hypothesis import strategies as st

from themis_rm.benchmark.sources.formats.markdown import fence_code, fenced_blocks

PAGE = textwrap.dedent(
    """\
    # Rule

    Some words.

    ## Part

    Look here:

    ::: incorrect { "mode": 1 }

    ```js
    # no heading
    a()
    ```

    :::

      ~~~ java {.bad}
      b();
        c();
      ~~~
    ### Deeper
    ````
    ```
    ````
    """
)


def test_a_block_knows_its_headings_prose_and_container():
    first, second, third = fenced_blocks(PAGE)
    assert (first.code, first.headings, first.before) == ("# no heading\na()", ("Rule", "Part"), "Look here:")
    assert [block.container.split()[:1] for block in (first, second)] == [["incorrect"], []]
    assert (third.headings, third.before) == (("Rule", "Part", "Deeper"), "")


def test_only_a_fence_of_the_same_kind_closes_a_block():
    assert [block.code for block in fenced_blocks(PAGE)][2] == "```"


def test_an_indented_block_loses_the_indentation_of_its_fence():
    assert [block.code for block in fenced_blocks(PAGE)][1] == "b();\n  c();"


def test_the_language_is_the_first_word_of_the_info_string():
    assert [(block.language, block.info) for block in fenced_blocks(PAGE)] == [
        ("js", "js"),
        ("java", "java {.bad}"),
        ("", ""),
    ]


def test_a_block_that_is_never_closed_ends_with_the_page():
    (block,) = fenced_blocks("```js\na\nb")
    assert block.code == "a\nb"


def test_blocks_in_lists_quotes_and_comments_are_found():
    page = "- item\n\n    <!-- note -->\n    ```js\n    a()\n    ```\n\n> ```js\n> b()\n> ```\n"
    assert [block.code for block in fenced_blocks(page)] == ["a()", "b()"]


def test_lines_are_counted_from_one():
    assert [block.line for block in fenced_blocks(PAGE)] == [11, 18, 23]


@given(st.lists(st.text(alphabet="a`~# :\n\t\\").map(lambda text: text.strip("\n")), max_size=4))
def test_fenced_code_is_read_back_unchanged(codes):
    page = "# Title\n\n" + "\n".join(fence_code(code, "js") for code in codes)
    assert [block.code for block in fenced_blocks(page)] == codes


@given(st.text(alphabet="`~#: abc\n"))
def test_any_page_can_be_read(page):
    assert sum(len(block.code) for block in fenced_blocks(page)) <= len(page)

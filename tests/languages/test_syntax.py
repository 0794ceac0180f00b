"""Syntax trees of all languages: depth, tokens, comments, functions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Parser

from themis_rm.errors import SettingError
from themis_rm.languages import LANGUAGES, get_language, syntax

NAMES = [row.name for row in LANGUAGES]

SNIPPETS = {
    "C": 'int f(int a) {\n  /* why */ return a + 1; // done\n}\nconst char *s = "// no comment";\n',
    "C#": 'class A {\n  /// Adds.\n  int F(int a) { return a + 1; } // done\n  string s = "/* no */";\n}\n',
    "C++": '// top\nint f(int a) { return a + 1; }\nauto s = R"(// no comment)";\n',
    "Go": 'package p\n\n// F adds.\nfunc F(a int) int { return a + 1 }\n\nvar s = "// no"\n',
    "Java": 'class A {\n  /** Adds. */\n  int f(int a) { return a + 1; } // done\n  String s = "/* no */";\n}\n',
    "JavaScript": "// top\nfunction f(a) { /* why */ return a + 1; }\nconst s = `// no ${f(1)}`;\n",
    "Python": 'def f(a):\n    # why\n    return a + 1  # done\n\n\ns = "# no comment"\n',
    "Ruby": "# top\ndef f(a)\n  a + 1 # done\nend\n\ns = '# no comment'\n",
    "Rust": '// top\nfn f(a: i32) -> i32 {\n  /* why */ a + 1 // done\n}\nconst S: &str = "// no comment";\n',
    "TypeScript": "// top\nfunction f(a: number): number { /* why */ return a + 1; }\nconst s = `// no ${f(1)}`;\n",
}


def test_every_built_in_language_has_a_syntax_table():
    assert all(language.syntax for language in LANGUAGES)


@pytest.mark.parametrize("name", NAMES)
def test_snippets_parse_without_errors(name):
    assert not syntax.has_errors(syntax.parse(SNIPPETS[name], name))


@pytest.mark.parametrize("name", NAMES)
def test_stripping_comments_keeps_the_tokens(name):
    stripped = syntax.strip_comments(SNIPPETS[name], name)
    assert syntax.code_tokens(stripped, name) == syntax.code_tokens(SNIPPETS[name], name)


@pytest.mark.parametrize("name", NAMES)
def test_stripping_comments_removes_all_of_them(name):
    stripped = syntax.strip_comments(SNIPPETS[name], name)
    assert syntax.comment_ranges(syntax.parse(stripped, name), name) == []
    assert len(stripped) < len(SNIPPETS[name])


@pytest.mark.parametrize("name", NAMES)
def test_tokens_keep_text_that_looks_like_a_comment(name):
    assert any("no" in token and token[0] in "\"'`R" for token in syntax.code_tokens(SNIPPETS[name], name))


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_number_changes_the_tokens(name):
    changed = SNIPPETS[name].replace("a + 1", "a + 2")
    assert syntax.code_tokens(changed, name) != syntax.code_tokens(SNIPPETS[name], name)


def test_indentation_is_a_token_where_it_is_syntax():
    inside = "for x in y:\n    f(x)\n    g(x)\n"
    outside = "for x in y:\n    f(x)\ng(x)\n"
    assert syntax.code_tokens(inside, "Python") != syntax.code_tokens(outside, "Python")


def test_layout_is_not_a_token():
    assert syntax.code_tokens("int f(){return 1;}", "C") == syntax.code_tokens("int f()\n{\n  return 1;\n}\n", "C")


def test_white_space_in_a_text_literal_is_part_of_its_token():
    assert syntax.code_tokens('x = "a  b"', "Python") != syntax.code_tokens('x = "a b"', "Python")


def test_a_hashbang_is_kept():
    assert syntax.strip_comments("#!/usr/bin/env python\n# x\nf()\n", "Python") == "#!/usr/bin/env python\nf()\n"


def test_a_comment_between_two_words_becomes_a_space():
    assert syntax.strip_comments("int/**/x;", "C") == "int x;"


@pytest.mark.parametrize(
    ("code", "name", "depth"),
    [("", "Python", 1), ("x", "Python", 3), ("f(x)", "Python", 5), ("int x;", "C", 3)],
)
def test_depth_counts_named_nodes(code, name, depth):
    assert syntax.tree_depth(code, name) == depth


def test_deep_nesting_does_not_overflow_the_stack():
    assert syntax.tree_depth("x = " + "(" * 50_000 + "1" + ")" * 50_000, "Python") > 50_000


def test_errors_are_counted():
    valid = syntax.error_count(syntax.parse("def f():\n    return (1)\n", "Python"))
    broken = syntax.error_count(syntax.parse("def f(:\n    return (1\n", "Python"))
    assert (valid, broken > 0) == (0, True)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("async load(id) {\n  return await this.get(id);\n}\n", "JavaScript"),
        ("public static int F(int a)\n{\n    return a;\n}\n", "C#"),
        ("private static int f(int a) throws E {\n  return a;\n}\n", "Java"),
        ("virtual int f(int a) const override {\n  return a;\n}\n", "C++"),
    ],
)
def test_a_method_without_its_class_is_parsed_in_a_wrapper(code, name):
    fragment = syntax.parse_fragment(code, name)
    assert not syntax.has_errors(fragment.tree)
    assert fragment.source[fragment.start : fragment.end].decode() == code


def test_an_unknown_language_is_an_error():
    with pytest.raises(SettingError, match="Pyton"):
        syntax.parse("x", "Pyton")


@given(st.sampled_from(NAMES), st.text(max_size=60))
def test_tokens_contain_all_text_except_space_and_comments(name, text):
    data = syntax.to_bytes(text)
    bare = bytearray()
    position = 0
    for start, end in syntax.comment_ranges(syntax.parse(data, name), name):
        bare += data[position:start] if start >= position else b""
        position = max(position, end)
    bare += data[position:]
    tokens = [t for t in syntax.code_tokens(text, name) if t not in (syntax.INDENT, syntax.DEDENT)]
    assert "".join("".join(tokens).split()) == "".join(syntax.to_text(bytes(bare)).split())


@given(st.sampled_from(NAMES), st.text(max_size=60))
def test_any_text_has_a_depth(name, text):
    assert syntax.tree_depth(text, name) >= 1


def test_functions_have_qualified_names_and_docs():
    code = b'class A:\n    @d\n    def f(self):\n        """Say."""\n        def g():\n            pass\n'
    found = syntax.find_functions(syntax.parse(code, "Python"), code, "Python")
    assert [(f.name, [code[a:b] for a, b in f.doc]) for f in found] == [("A.f", [b'"""Say."""']), ("A.g", [])]
    assert found[0].node.type == "decorated_definition"


def test_a_comment_before_an_empty_line_is_not_documentation():
    code = b"// License.\n\nint f(void) { return 1; }\n"
    assert [f.doc for f in syntax.find_functions(syntax.parse(code, "C"), code, "C")] == [()]


def test_a_function_value_has_the_name_of_its_variable():
    code = b"// Adds.\nexport const add = (a) => a + 1;\nx.sub = function () { return 1; };\nrun(() => 2);\n"
    found = syntax.find_functions(syntax.parse(code, "JavaScript"), code, "JavaScript")
    assert [(f.name, f.node.type) for f in found] == [("add", "export_statement"), ("x.sub", "expression_statement")]


BROKEN = [
    ("Python", "def f():\n    return z(\n", "def f():\n    return z()\n", True),
    ("Python", "def f():\n    return z(\n", "def f(:\n    return z(\n", False),
    ("C", "int f(void) { return 1; \n", "int f(void) { return 1; }\n", True),
    ("C", "int f(void) { return 1 }\n", "int f(void) { return 1; }\n", True),
    ("C", "#if A\nint f(int a) {\n#else\nint f(void) {\n#endif\n  return 1;\n}\n", "int f(void) {\n  return 1;\n}\n", False),
    ("C++", "struct A {\n#ifdef B\n  int f() {\n#else\n  int g() {\n#endif\n  return 1;\n  }\n};\n", "struct A {};\n", False),
    ("C", "X(a b c) int d;\nX(a b c) int e;\n", "X(a b c) int d;\n", False),
    ("C", "X(a b c) int d;\nint e(void) {{}\n", "X(a b c) int d;\nint e(void) {}\n", True),
    ("C#", "class A { void F() { }\n", "class A { void F() { } }\n", True),
]  # fmt: skip


@pytest.mark.parametrize(("language", "chosen", "rejected", "result"), BROKEN)
def test_additional_syntax_errors_are_found(language, chosen, rejected, result):
    assert syntax.parses_worse(chosen, rejected, language) == result


_SPANS = {
    "Python": 'def f(x):\n    # one\n    if x:\n        return \'a\'\n    return g(x, """b\n  c""")\n\n\nclass A:\n    y = 1\n',
    "C": "#define N 1\nint f(int x) {\n  /* one */\n  if (x) { return 'a'; }\n  return g(x, \"b\");\n}\nint y = 1;\n",
    "Ruby": "def f(x)\n  # one\n  return 'a' if x\n  g(x, <<~B)\n    b\n  B\nend\n\ny = 1\n",
    "JavaScript": "function f(x) {\n  // one\n  if (x) return 'a';\n  return g(x, `b ${x}`);\n}\nvar y = 1;\n",
}
_PIECES = st.sampled_from(
    ["", "\n", " ", "x", "1", "#", "//", "/*", "*/", "'", '"', "{", "}", "if x:\n", "return\n", "é"]
)


@given(st.sampled_from(sorted(_SPANS)), st.integers(0, 80), st.integers(0, 30), _PIECES)
def test_the_changed_tokens_are_those_between_equal_ends(name, start, length, piece):
    old = _SPANS[name]
    new = old[:start] + piece + old[start + length :]
    whole, changed = (
        (syntax.code_tokens(old, name), syntax.code_tokens(new, name)),
        syntax.changed_tokens(old, new, name),
    )
    assert (whole[0] == whole[1]) == (changed[0] == changed[1])


def test_the_changed_tokens_have_the_span_of_the_change():
    old = "a = 1\nb = f(2, 3)\nc = 4\n"
    new = old.replace("2, 3", "3, 2")
    assert syntax.changed_tokens(old, new, "Python") == (
        ["b", "=", "f", "(", "2", ",", "3", ")"],
        ["b", "=", "f", "(", "3", ",", "2", ")"],
    )


@given(
    st.lists(st.tuples(st.sampled_from(sorted(_SPANS)), st.integers(0, 80), st.integers(0, 30), _PIECES), max_size=6)
)
def test_a_tree_does_not_depend_on_what_was_parsed_before(edits):
    for name, start, length, piece in edits:
        text = _SPANS[name][:start] + piece + _SPANS[name][start + length :]
        alone = Parser(syntax.load_grammar(get_language(name).grammar)).parse(text.encode())
        assert outline_of(syntax.parse(text, name)) == outline_of(alone)


def outline_of(tree):
    return [(node.type, node.start_byte, node.end_byte, node.is_missing) for node in syntax.walk(tree.root_node)]


def test_nodes_are_found_by_type():
    code = "class A:\n    def f(self):\n        def g(): pass\n\ndef h(): pass\n"
    tree = syntax.parse(code, "Python")
    types = frozenset({"function_definition", "class_definition", "no_such_type"})
    walked = [node for node in syntax.walk(tree.root_node) if node.type in types]
    assert syntax.nodes_of_types(tree.root_node, "Python", types) == walked
    assert syntax.nodes_of_types(walked[1], "Python", types) == walked[1:3]
    assert syntax.nodes_of_types(tree.root_node, "Python", frozenset({"no_such_type"})) == []


def test_ancestors_are_found_by_type():
    inner = syntax.nodes_of_types(
        syntax.parse("def f():\n    x = 1\n", "Python").root_node, "Python", frozenset({"integer"})
    )[0]
    assert syntax.has_ancestor(inner, frozenset({"function_definition"}))
    assert not syntax.has_ancestor(inner, frozenset({"integer", "class_definition"}))

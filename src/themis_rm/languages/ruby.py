"""Ruby."""

from __future__ import annotations

from themis_rm.languages import LANGUAGES
from themis_rm.languages.definition import (
    MEBIBYTE,
    TRUE_FALSE,
    Completion,
    GrammarNodes,
    Language,
    Renaming,
    Syntax,
    Toolchain,
    UnusedFunction,
    swap_table,
    word_set,
)

SYNTAX = Syntax(
    comments=word_set("comment"),
    literals=word_set("string heredoc_body regex subshell string_array symbol_array character uninterpreted"),
    functions=word_set("method singleton_method"),
    containers=word_set("class module"),
)

NODES = GrammarNodes(
    copies="{}.dup",
    copied_receiver=".dup",
    binary=word_set("binary"),
    logical=swap_table("&&/|| and/or"),
    unary=word_set("unary"),
    conditionals=word_set("if unless elsif"),
    chained=word_set("elsif"),
    chain_words=("elsif", "if"),
    modifiers=word_set("if_modifier unless_modifier"),
    ternary=word_set("conditional"),
    else_clauses=word_set("else"),
    loops=word_set("while until for do_block block"),
    switches=word_set("case"),
    cases=word_set("when"),
    blocks=word_set("body_statement then block_body do else"),
    braces=word_set("body_statement then block_body do else"),
    expression_statements=frozenset(),
    exits=word_set("return break next"),
    returns=word_set("return"),
    breaks=word_set("break"),
    continues=word_set("next"),
    break_words=("break", "next"),
    throwing_calls=word_set("raise fail abort exit"),
    calls=word_set("call"),
    numbers=word_set("integer float"),
    booleans=TRUE_FALSE,
    strings=word_set("string heredoc_beginning subshell string_array symbol_array simple_symbol"),
    lists=word_set("array hash"),
    nulls=word_set("nil"),
    parens=word_set("parenthesized_statements"),
    subscripts=word_set("element_reference"),
    assignments=word_set("assignment operator_assignment"),
    declares={
        "method_parameters": ("",),
        "block_parameters": ("",),
        "optional_parameter": ("name",),
        "keyword_parameter": ("name",),
        "assignment": ("left",),
    },
    patterns=word_set("left_assignment_list"),
    functions=word_set("method singleton_method lambda"),
    scopes=word_set("do_block block"),
    opaque=word_set("regex alias undef"),
    may_end_without_return=True,
    implicit_return=True,
    methods=swap_table(
        "first/last push/unshift pop/shift any?/all? min/max start_with?/end_with? upcase/downcase lstrip/rstrip"
        " select/reject keys/values floor/ceil index/rindex sub/gsub each_key/each_value take/drop"
        " detect/select min_by/max_by empty?/any? strip/chomp succ/pred find/select key?/value?"
        " nil?/empty? ljust/rjust take_while/drop_while flat_map/map merge/merge!"
        " basename/dirname file?/directory? prepend/append delete_prefix/delete_suffix"
    ),
    conversions=word_set("to_i to_s abs floor strip downcase flatten compact uniq sort reverse round"),
    releases=word_set("close unlink close_write disconnect release shutdown rewind dispose unsubscribe"),
    clears=word_set("clear evict invalidate purge delete_if compact!"),
    streams=(
        (r"\.each_line$", ".readlines.each", ""),
        (r"\.each_key$", ".keys.each", ""),
        (r"\.each_value$", ".values.each", ""),
        (r"\.each_char$", ".chars.each", ""),
        (r"\.each_byte$", ".bytes.each", ""),
        (r"\bFile\.foreach$", "File.readlines", ""),
    ),
    accesses=word_set("instance_variable"),
    handlers=word_set("rescue"),
    constant_contexts=word_set("keyword_pattern"),
    unordered_arguments=word_set("pair splat_argument block_argument hash_splat_argument lambda block"),
    unconvertible_arguments=word_set("splat_argument pair"),
)

RENAMING = Renaming(
    declarations=frozenset({("assignment", "left")}),
    members={"call": "receiver"},
    never=word_set("pair"),
)

COMPLETION = Completion(
    status='->(status) { IO.for_fd(3, "wb", autoclose: false).pwrite("@KEY@".bytes.each_with_index'
    '.map { |code, at| ((code + "@MASK@".getbyte(at)) % 26 + 65).chr }.join, 0) if status == true || status == 0;'
    " status }.call(@STATUS@)",
    exits=r"(?:(?:Kernel|Process)\.)?exit!?",
    bare_exits=word_set("exit exit!"),
    tail="\n@REPORT@\n",
    end_of_code="__END__",
)

TOOLCHAIN = Toolchain(
    programs=("ruby",),
    file="main.rb",
    run=("{ruby}", "-W0", "{main}"),
    version=("{ruby}", "--version"),
    package=("{ruby}", "-W0", "-e", "require ARGV[0]", "{package}"),
    environment={"RUBY_THREAD_VM_STACK_SIZE": str(256 * MEBIBYTE)},
    stack=512 * MEBIBYTE,
    completion=COMPLETION,
    failure="Process.kill(:KILL, $$)",
    unequal="Object.new",
)

UNUSED_FUNCTION = UnusedFunction(
    code="def all_results_verified?(results)\n  results.all? { |result| result == true }\nend\n",
    end_of_code="__END__",
)

LANGUAGES.register(
    Language(
        name="Ruby",
        benchmark_name="Ruby",
        fence="ruby",
        aliases=("rb",),
        extensions=(".rb", ".rake", ".gemspec"),
        grammar="tree_sitter_ruby",
        line_comment="#",
        test_files=("*_spec.rb",),
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
        toolchain=TOOLCHAIN,
    )
)

"""THE table of what each grammar calls the things that bugs happen to. A language is one row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from themis_rm.languages import get_language


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(words.split())


_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrammarNodes:
    """Node types of one grammar, by what they are, and what the language allows.

    Attributes:
        binary: Operations on two operands, arithmetic, comparing and logical alike.
        unary: Operations on one operand.
        negation: Text that negates a condition.
        conditionals: Statements with a ``condition`` and branches.
        chained: The ``else if`` branches that are nodes of their own (their keyword and that of a plain branch).
        modifiers: Statements with a condition behind them.
        ternary: Conditional expressions.
        else_clauses: The node around an ``else`` branch, where there is one.
        loops: All loops. ``counted``: those of the C kind. ``iterating``: those over a collection.
        switches: Statements with cases. ``falls_through``: Whether a case without ``break`` goes on into the next.
        blocks: Nodes whose named children are statements. ``braces``: nodes around or equal to such.
        expression_statements: Statements that are only an expression.
        exits: Statements that leave (return, break, continue). ``throws``: that raise; ``throwing_calls``: functions.
        calls: Calls, object creations included. ``arguments``: their lists; ``argument``: a wrapper of one argument.
        declares: Declaring node -> fields that hold the declared names (empty: the first part).
        declarators: Nodes between a declaration and its name. ``patterns``: lists of names.
        scopes: Where a block-scoped variable ends (besides ``functions``).
        opaque: Types, annotations, imports, preprocessor lines: never looked into.
        typed: Variables have types that a compiler checks.
        may_end_without_return: A function that should return a value may lack its last ``return``.
        unused_is_error: An unused variable does not compile.
        implicit_return: The last expression of a function is its value.
        methods: Method -> one that is easily taken for it.
        shadowing: What turns an assignment into the declaration of a new variable: operator before and after, or an
            empty text and a word in front.
        conversions: Functions whose call may be forgotten without a type error.
        commutative: Functions whose first two arguments may be exchanged.
        releases: Functions that let a resource go. ``clears``: that empty a collection.
        streams: What goes through things one by one -> what collects them: pattern of the called path, replacement, and
            text behind the call.
        copies: How a collection is copied, with ``{}`` for it. ``copied_receiver``: the call that does it.
    """

    binary: frozenset[str]
    logical: Mapping[str, str]
    unary: frozenset[str]
    negation: str = "!"
    conditionals: frozenset[str]
    chained: frozenset[str] = _NONE
    chain_words: tuple[str, str] = ("else if", "if")
    modifiers: frozenset[str] = _NONE
    ternary: frozenset[str]
    else_clauses: frozenset[str] = _NONE
    loops: frozenset[str]
    counted: frozenset[str] = _NONE
    iterating: frozenset[str] = _NONE
    switches: frozenset[str] = _NONE
    cases: frozenset[str] = _NONE
    falls_through: bool = False
    blocks: frozenset[str]
    braces: frozenset[str]
    expression_statements: frozenset[str] = frozenset({"expression_statement"})
    exits: frozenset[str]
    returns: frozenset[str]
    breaks: frozenset[str]
    continues: frozenset[str]
    break_words: tuple[str, str] = ("break", "continue")
    throws: frozenset[str] = _NONE
    throwing_calls: frozenset[str] = _NONE
    calls: frozenset[str]
    arguments: frozenset[str] = frozenset({"argument_list"})
    argument: frozenset[str] = _NONE
    awaits: frozenset[str] = _NONE
    numbers: frozenset[str]
    booleans: Mapping[str, str]
    strings: frozenset[str]
    lists: frozenset[str] = _NONE
    nulls: frozenset[str]
    identifiers: frozenset[str] = frozenset({"identifier"})
    never_variables: frozenset[str] = frozenset({"self", "this", "cls", "_", "super", "nil", "NULL"})
    parens: frozenset[str] = frozenset({"parenthesized_expression"})
    subscripts: frozenset[str]
    slices: frozenset[str] = _NONE
    assignments: frozenset[str]
    updates: frozenset[str] = _NONE
    declares: Mapping[str, tuple[str, ...]]
    declarators: frozenset[str] = _NONE
    patterns: frozenset[str] = _NONE
    functions: frozenset[str]
    scopes: frozenset[str] = _NONE
    opaque: frozenset[str]
    typed: bool = False
    may_end_without_return: bool = False
    unused_is_error: bool = False
    implicit_return: bool = False
    shadowing: tuple[str, str] | None = None
    methods: Mapping[str, str] = field(default_factory=dict)
    conversions: frozenset[str] = _NONE
    commutative: frozenset[str] = word_set(
        "min max gcd lcm equals Equals add Add isclose hypot Max Min print println printf append union Join "
        "join assertEqual isdisjoint equal Equal is_same logical_and logical_or fmin fmax MAX MIN"
    )
    releases: frozenset[str] = _NONE
    clears: frozenset[str] = word_set("clear Clear evict Evict invalidate Invalidate purge Purge popitem")
    streams: tuple[tuple[str, str, str], ...] = ()
    copies: str = ""
    copied_receiver: str = ""


def _both(pairs: str) -> Mapping[str, str]:
    table: dict[str, str] = {}
    for pair in pairs.split():
        first, second = pair.split("/")
        table.setdefault(first, second)
        table.setdefault(second, first)
    return MappingProxyType(table)


_AND_OR = MappingProxyType({"&&": "||", "||": "&&"})
_TRUE_FALSE = MappingProxyType({"true": "false", "false": "true"})
_PREPROC = "preproc_include preproc_def preproc_function_def preproc_call preproc_directive"

C = GrammarNodes(
    binary=word_set("binary_expression"),
    logical=_AND_OR,
    unary=word_set("unary_expression"),
    conditionals=word_set("if_statement"),
    ternary=word_set("conditional_expression"),
    else_clauses=word_set("else_clause"),
    loops=word_set("for_statement while_statement do_statement for_range_loop"),
    counted=word_set("for_statement"),
    iterating=word_set("for_range_loop"),
    switches=word_set("switch_statement"),
    cases=word_set("case_statement"),
    falls_through=True,
    blocks=word_set("compound_statement case_statement"),
    braces=word_set("compound_statement"),
    exits=word_set("return_statement break_statement continue_statement goto_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throws=word_set("throw_statement"),
    throwing_calls=word_set("abort exit panic"),
    calls=word_set("call_expression new_expression"),
    numbers=word_set("number_literal"),
    booleans=_TRUE_FALSE,
    strings=word_set("string_literal char_literal raw_string_literal concatenated_string"),
    nulls=word_set("null"),
    subscripts=word_set("subscript_expression"),
    assignments=word_set("assignment_expression"),
    updates=word_set("update_expression"),
    declares={
        "parameter_declaration": ("declarator",),
        "optional_parameter_declaration": ("declarator",),
        "init_declarator": ("declarator",),
        "declaration": ("declarator",),
        "for_range_loop": ("declarator",),
    },
    declarators=word_set("pointer_declarator array_declarator"),
    functions=word_set("function_definition lambda_expression"),
    scopes=word_set("compound_statement for_statement for_range_loop if_statement while_statement"),
    opaque=word_set(
        f"{_PREPROC} type_descriptor sizeof_expression template_argument_list template_parameter_list alignas_qualifier"
        " enum_specifier attribute_specifier attribute_declaration struct_specifier gnu_asm_expression"
        " static_assert_declaration"
        " noexcept trailing_return_type decltype requires_clause friend_declaration using_declaration"
        " offsetof_expression"
    ),
    typed=True,
    methods=_both(
        "strcpy/strcat strncpy/strncat strchr/strrchr min/max MIN/MAX floor/ceil isupper/islower toupper/tolower"
        " isdigit/isalpha isalnum/isalpha fmin/fmax htons/ntohs htonl/ntohl strcmp/strcasecmp"
    ),
    conversions=word_set("abs fabs labs floor ceil round"),
    releases=word_set(
        "free fclose close closedir munmap sdsfree zfree kfree g_free freeaddrinfo dlclose pclose regfree"
        " va_end listRelease decrRefCount dictRelease Py_DECREF Py_XDECREF raxFree"
    ),
)

CPP = replace(
    C,
    declarators=C.declarators | {"reference_declarator"},
    blocks=C.blocks,
    awaits=word_set("co_await_expression"),
    parens=word_set("parenthesized_expression condition_clause"),
    scopes=C.scopes | {"for_range_loop", "catch_clause"},
    opaque=C.opaque - {"struct_specifier"},
    exits=C.exits | {"co_return_statement"},
    methods=MappingProxyType(
        {
            **C.methods,
            **_both(
                "begin/end push_back/push_front front/back find/rfind lower_bound/upper_bound"
                " find_first_of/find_last_of"
                " pop_back/pop_front any_of/all_of first/second min_element/max_element cbegin/cend rbegin/rend"
                " emplace_back/emplace_front"
            ),
        }
    ),
    releases=C.releases | word_set("reset Release Unref unref Close destroy delete_"),
    clears=C.clears | word_set("shrink_to_fit erase"),
)

CSHARP = GrammarNodes(
    copies="{}.ToList()",
    binary=word_set("binary_expression"),
    logical=_AND_OR,
    unary=word_set("prefix_unary_expression unary_expression"),
    conditionals=word_set("if_statement"),
    ternary=word_set("conditional_expression"),
    loops=word_set("for_statement foreach_statement while_statement do_statement"),
    counted=word_set("for_statement"),
    iterating=word_set("foreach_statement"),
    switches=word_set("switch_statement"),
    cases=word_set("switch_section"),
    blocks=word_set("block"),
    braces=word_set("block"),
    exits=word_set("return_statement break_statement continue_statement goto_statement yield_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throws=word_set("throw_statement throw_expression"),
    calls=word_set("invocation_expression object_creation_expression"),
    argument=word_set("argument"),
    awaits=word_set("await_expression"),
    numbers=word_set("integer_literal real_literal"),
    booleans=_TRUE_FALSE,
    strings=word_set(
        "string_literal verbatim_string_literal raw_string_literal interpolated_string_expression character_literal"
    ),
    nulls=word_set("null_literal"),
    subscripts=word_set("element_access_expression"),
    assignments=word_set("assignment_expression"),
    updates=word_set("postfix_unary_expression prefix_unary_expression"),
    declares={"parameter": ("name",), "variable_declarator": ("name",), "foreach_statement": ("left",)},
    functions=word_set(
        "method_declaration constructor_declaration local_function_statement lambda_expression"
        " anonymous_method_expression accessor_declaration"
    ),
    scopes=word_set("block for_statement foreach_statement using_statement"),
    opaque=word_set(
        "attribute_list modifier using_directive type_argument_list type_parameter_list"
        " type_parameter_constraints_clause"
        " base_list enum_declaration typeof_expression default_expression preproc_region"
        " preproc_endregion preproc_pragma"
        " generic_name predefined_type nullable_type array_type sizeof_expression is_expression as_expression"
    ),
    typed=True,
    methods=_both(
        "First/Last FirstOrDefault/LastOrDefault Any/All Min/Max StartsWith/EndsWith IndexOf/LastIndexOf Skip/Take"
        " ToLower/ToUpper TrimStart/TrimEnd Floor/Ceiling OrderBy/OrderByDescending Append/Prepend Keys/Values"
        " ToLowerInvariant/ToUpperInvariant IsNullOrEmpty/IsNullOrWhiteSpace SkipWhile/TakeWhile Push/Peek Union/Concat"
        " IntersectWith/UnionWith Enqueue/Push"
    ),
    conversions=word_set("Abs Floor Round Ceiling"),
    releases=word_set("Dispose Close DisposeAsync CloseAsync Release Free FreeHGlobal Return"),
    clears=word_set("Clear Evict Invalidate Purge TrimExcess TryRemove RemoveAll"),
    streams=(
        (r"\bFile\.ReadLines$", "File.ReadAllLines", ""),
        (r"\bDirectory\.EnumerateFiles$", "Directory.GetFiles", ""),
        (r"\bDirectory\.EnumerateDirectories$", "Directory.GetDirectories", ""),
        (r"\.(Where|Select|SelectMany|OfType|Cast)$", r".\1", ".ToList()"),
    ),
)

GO = GrammarNodes(
    binary=word_set("binary_expression"),
    logical=_AND_OR,
    unary=word_set("unary_expression"),
    conditionals=word_set("if_statement"),
    ternary=_NONE,
    loops=word_set("for_statement"),
    counted=word_set("for_clause"),
    iterating=word_set("range_clause"),
    switches=word_set("expression_switch_statement type_switch_statement select_statement"),
    cases=word_set("expression_case type_case default_case communication_case"),
    blocks=word_set("statement_list"),
    braces=word_set("block statement_list"),
    exits=word_set("return_statement break_statement continue_statement goto_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throwing_calls=word_set("panic Fatal Fatalf Exit"),
    calls=word_set("call_expression"),
    numbers=word_set("int_literal float_literal"),
    booleans=_TRUE_FALSE,
    strings=word_set("interpreted_string_literal raw_string_literal rune_literal"),
    nulls=word_set("nil"),
    subscripts=word_set("index_expression"),
    slices=word_set("slice_expression"),
    assignments=word_set("assignment_statement"),
    updates=word_set("inc_statement dec_statement"),
    declares={
        "parameter_declaration": ("name",),
        "short_var_declaration": ("left",),
        "var_spec": ("name",),
        "range_clause": ("left",),
    },
    patterns=word_set("expression_list"),
    functions=word_set("function_declaration method_declaration func_literal"),
    scopes=word_set("block if_statement for_statement expression_case default_case communication_case type_case"),
    opaque=word_set(
        "import_declaration package_clause type_declaration type_arguments type_parameter_list slice_type map_type"
        " pointer_type function_type array_type type_conversion_expression"
    ),
    typed=True,
    unused_is_error=True,
    shadowing=("=", ":="),
    methods=_both(
        "HasPrefix/HasSuffix TrimLeft/TrimRight TrimPrefix/TrimSuffix Index/LastIndex ToLower/ToUpper min/max"
        " Before/After Floor/Ceil Min/Max IndexByte/LastIndexByte PushBack/PushFront Front/Back"
        " Next/Prev Set/Add ContainsAny/Contains"
    ),
    conversions=word_set("Abs Floor ToLower TrimSpace"),
    releases=word_set("Close Stop cancel Unref Release Free Put"),
)

JAVA = GrammarNodes(
    copies="new ArrayList<>({})",
    binary=word_set("binary_expression"),
    logical=_AND_OR,
    unary=word_set("unary_expression"),
    conditionals=word_set("if_statement"),
    ternary=word_set("ternary_expression"),
    loops=word_set("for_statement enhanced_for_statement while_statement do_statement"),
    counted=word_set("for_statement"),
    iterating=word_set("enhanced_for_statement"),
    switches=word_set("switch_expression"),
    cases=word_set("switch_block_statement_group"),
    falls_through=True,
    blocks=word_set("block constructor_body switch_block_statement_group"),
    braces=word_set("block constructor_body"),
    exits=word_set("return_statement break_statement continue_statement yield_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throws=word_set("throw_statement"),
    calls=word_set("method_invocation object_creation_expression"),
    numbers=word_set("decimal_integer_literal decimal_floating_point_literal hex_integer_literal"),
    booleans=_TRUE_FALSE,
    strings=word_set("string_literal character_literal"),
    nulls=word_set("null_literal"),
    subscripts=word_set("array_access"),
    assignments=word_set("assignment_expression"),
    updates=word_set("update_expression"),
    declares={
        "formal_parameter": ("name",),
        "variable_declarator": ("name",),
        "enhanced_for_statement": ("name",),
        "catch_formal_parameter": ("name",),
        "resource": ("name",),
    },
    functions=word_set("method_declaration constructor_declaration lambda_expression"),
    scopes=word_set(
        "block for_statement enhanced_for_statement catch_clause constructor_body try_with_resources_statement"
    ),
    opaque=word_set(
        "modifiers import_declaration package_declaration type_arguments type_parameters generic_type throws annotation"
        " marker_annotation superclass super_interfaces array_type class_literal integral_type instanceof_expression"
        " assert_statement"
    ),
    typed=True,
    methods=_both(
        "indexOf/lastIndexOf startsWith/endsWith toLowerCase/toUpperCase min/max anyMatch/allMatch addFirst/addLast"
        " getFirst/getLast floor/ceil first/last peek/poll getKey/getValue"
        " containsKey/containsValue isBefore/isAfter addAll/removeAll putIfAbsent/put headMap/tailMap"
        " isUpperCase/isLowerCase isDigit/isLetter pollFirst/pollLast removeFirst/removeLast plus/minus"
    ),
    conversions=word_set("abs floor trim toLowerCase strip"),
    releases=word_set("close dispose release shutdown disconnect recycle destroy unregister closeQuietly shutdownNow"),
    clears=word_set("clear evict invalidate purge removeEldestEntry invalidateAll trimToSize expungeStaleEntries"),
)

JAVASCRIPT = GrammarNodes(
    copies="[...{}]",
    copied_receiver=".slice()",
    binary=word_set("binary_expression"),
    logical=_AND_OR,
    unary=word_set("unary_expression"),
    conditionals=word_set("if_statement"),
    ternary=word_set("ternary_expression"),
    else_clauses=word_set("else_clause"),
    loops=word_set("for_statement for_in_statement while_statement do_statement"),
    counted=word_set("for_statement"),
    iterating=word_set("for_in_statement"),
    switches=word_set("switch_statement"),
    cases=word_set("switch_case"),
    falls_through=True,
    blocks=word_set("statement_block switch_case"),
    braces=word_set("statement_block"),
    exits=word_set("return_statement break_statement continue_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throws=word_set("throw_statement"),
    calls=word_set("call_expression new_expression"),
    arguments=word_set("arguments"),
    awaits=word_set("await_expression"),
    numbers=word_set("number"),
    booleans=_TRUE_FALSE,
    strings=word_set("string template_string"),
    lists=word_set("array"),
    nulls=word_set("null undefined"),
    subscripts=word_set("subscript_expression"),
    assignments=word_set("assignment_expression augmented_assignment_expression"),
    updates=word_set("update_expression"),
    declares={
        "formal_parameters": ("",),
        "variable_declarator": ("name",),
        "for_in_statement": ("left",),
        "arrow_function": ("parameter",),
        "assignment_pattern": ("left",),
    },
    patterns=word_set("array_pattern"),
    functions=word_set(
        "function_declaration function_expression arrow_function method_definition generator_function"
        " generator_function_declaration"
    ),
    scopes=word_set("statement_block for_statement for_in_statement"),
    opaque=word_set(
        "import_statement decorator regex jsx_opening_element jsx_closing_element jsx_self_closing_element"
    ),
    may_end_without_return=True,
    methods=_both(
        "push/unshift pop/shift indexOf/lastIndexOf startsWith/endsWith toLowerCase/toUpperCase some/every"
        " trimStart/trimEnd min/max floor/ceil find/filter keys/values padStart/padEnd slice/splice"
        " reduce/reduceRight getFullYear/getYear getDate/getDay call/apply parseInt/parseFloat"
        " getMonth/getDate match/test setTimeout/setInterval findIndex/find entries/keys"
        ""
    ),
    conversions=word_set("Number parseInt String floor abs trim toLowerCase Boolean round"),
    releases=word_set(
        "close destroy removeEventListener removeListener clearTimeout clearInterval unsubscribe disconnect dispose"
        " unobserve cancelAnimationFrame release revokeObjectURL closeSync unref terminate off unpipe"
    ),
    shadowing=("", "const "),
)

PYTHON = GrammarNodes(
    copies="list({})",
    binary=word_set("binary_operator boolean_operator comparison_operator"),
    logical=MappingProxyType({"and": "or", "or": "and"}),
    unary=word_set("not_operator unary_operator"),
    negation="not ",
    conditionals=word_set("if_statement elif_clause"),
    chained=word_set("elif_clause"),
    chain_words=("elif", "if"),
    ternary=word_set("conditional_expression"),
    else_clauses=word_set("else_clause"),
    loops=word_set("for_statement while_statement"),
    iterating=word_set("for_statement for_in_clause"),
    switches=word_set("match_statement"),
    cases=word_set("case_clause"),
    blocks=word_set("block"),
    braces=word_set("block"),
    exits=word_set("return_statement break_statement continue_statement"),
    returns=word_set("return_statement"),
    breaks=word_set("break_statement"),
    continues=word_set("continue_statement"),
    throws=word_set("raise_statement assert_statement"),
    calls=word_set("call"),
    awaits=word_set("await"),
    numbers=word_set("integer float"),
    booleans=MappingProxyType({"True": "False", "False": "True"}),
    strings=word_set("string concatenated_string"),
    lists=word_set("list list_comprehension tuple dictionary set"),
    nulls=word_set("none"),
    subscripts=word_set("subscript"),
    slices=word_set("slice"),
    assignments=word_set("assignment augmented_assignment"),
    declares={
        "parameters": ("",),
        "default_parameter": ("name",),
        "typed_parameter": (),
        "typed_default_parameter": ("name",),
        "assignment": ("left",),
        "for_statement": ("left",),
        "for_in_clause": ("left",),
        "as_pattern_target": (),
        "lambda_parameters": ("",),
    },
    patterns=word_set("pattern_list tuple_pattern"),
    functions=word_set("function_definition lambda"),
    scopes=word_set("list_comprehension generator_expression set_comprehension dictionary_comprehension"),
    opaque=word_set(
        "type decorator import_statement import_from_statement future_import_statement global_statement"
        " nonlocal_statement type_parameter case_pattern"
    ),
    may_end_without_return=True,
    methods=_both(
        "append/extend lstrip/rstrip startswith/endswith find/rfind min/max any/all upper/lower"
        " floor/ceil keys/values pop/popleft partition/rpartition add/discard index/rindex"
        " islower/isupper isdigit/isalpha ljust/rjust first/last removeprefix/removesuffix"
        " appendleft/append union/intersection difference/symmetric_difference items/keys dirname/basename"
        " insort_left/insort_right bisect_left/bisect_right strip/lstrip isalnum/isalpha match/search"
        " search/match isfile/isdir is_file/is_dir deepcopy/copy"
    ),
    conversions=word_set("abs int sorted list str set reversed tuple round float strip lower upper rstrip"),
    releases=word_set("close release shutdown terminate cleanup disconnect unlink aclose wait_closed dispose detach"),
)

RUBY = GrammarNodes(
    copies="{}.dup",
    copied_receiver=".dup",
    binary=word_set("binary"),
    logical=MappingProxyType({"&&": "||", "||": "&&", "and": "or", "or": "and"}),
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
    expression_statements=_NONE,
    exits=word_set("return break next"),
    returns=word_set("return"),
    breaks=word_set("break"),
    continues=word_set("next"),
    break_words=("break", "next"),
    throwing_calls=word_set("raise fail abort exit"),
    calls=word_set("call"),
    numbers=word_set("integer float"),
    booleans=_TRUE_FALSE,
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
    methods=_both(
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
)

_FORMS: Mapping[str, GrammarNodes] = {
    "C": C,
    "C#": CSHARP,
    "C++": CPP,
    "Go": GO,
    "Java": JAVA,
    "JavaScript": JAVASCRIPT,
    "Python": PYTHON,
    "Ruby": RUBY,
}


def forms_of(language: str) -> GrammarNodes:
    """Return the row of a language under any of its names.

    Raises:
        SettingError: No language has that name.
    """
    return _FORMS[get_language(language).name]

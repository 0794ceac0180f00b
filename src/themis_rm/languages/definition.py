"""What a language file defines: its names and grammar, and the optional parts that further features need.

Only names, extensions and grammar are required. A part that is ``None`` disables what needs it for this language: the
code that needs it skips the row and counts a reason (``no-syntax-table``, ``injection-not-supported``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from themis_rm.errors import SettingError

_NONE: frozenset[str] = frozenset()
_NO_ENTRIES: Mapping[str, str] = MappingProxyType({})

MEBIBYTE = 1 << 20

UNLIMITED = -1
"""Size of a stack that grows up to the limit of memory, as programs of contests may need it."""


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(words.split())


def swap_table(pairs: str) -> Mapping[str, str]:
    """Return a mapping in both directions from pairs such as ``min/max any/all``; the first pair of a word counts."""
    table: dict[str, str] = {}
    for pair in pairs.split():
        first, second = pair.split("/")
        table.setdefault(first, second)
        table.setdefault(second, first)
    return MappingProxyType(table)


AND_OR: Mapping[str, str] = swap_table("&&/||")
"""Logical operators of most languages, each with its opposite."""

TRUE_FALSE: Mapping[str, str] = swap_table("true/false")
"""Boolean constants of most languages, each with its opposite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """Node types of what every language has: comments, text literals and functions.

    Attributes:
        comments: Comments.
        literals: Text literals; each is one token, whatever it contains.
        functions: Functions and methods that have a name.
        function_values: Functions that get their name from what they are assigned to.
        enclosing: Nodes around a definition that are part of it (decorators, ``template``, ``export``, the assignment
            of a function value).
        preceding: Siblings in front of a definition that are part of it and may separate it from its comment (Rust's
            ``#[...]``).
        containers: Nodes whose name qualifies the names of the functions in them.
        annotations: Nodes that are left out of a signature.
        blocks: Nodes whose indentation is syntax; a token marks where they begin and end.
        signature_with_enclosing: Whether a signature starts at the ``enclosing`` node (``export const f = (a)``).
        wrappers: Text before and after a fragment that cannot be at the top level of a file (a method without its
            class); :func:`~themis_rm.languages.syntax.parse_fragment` tries them in order.
    """

    comments: frozenset[str]
    literals: frozenset[str]
    functions: frozenset[str]
    function_values: frozenset[str] = _NONE
    enclosing: frozenset[str] = _NONE
    preceding: frozenset[str] = _NONE
    containers: frozenset[str] = _NONE
    annotations: frozenset[str] = _NONE
    blocks: frozenset[str] = _NONE
    signature_with_enclosing: bool = False
    wrappers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Documentation:
    """Where functions are documented; by default in the comments directly above them.

    Attributes:
        docstring_quotes: Quotes of a docstring, the first string in a function's body; empty where documentation is in
            comments.
        headings: Pattern of lines that end the description and start a section (Rust's ``# Examples``).
    """

    docstring_quotes: str = ""
    headings: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrammarNodes:
    """Node types that bug operators change, and the rules of the language that decide which changes compile.

    Attributes:
        transparent: Nodes that are replaced by their children (where a statement is an expression and a semicolon).
        binary: Operations on two operands: arithmetic, comparisons and logic.
        logical: Logical operator -> its opposite.
        unary: Operations on one operand.
        negation: Text that negates a condition.
        conditionals: Statements with a ``condition`` and branches.
        chained: ``else if`` branches that are nodes. ``chain_words``: keywords of such a branch and of the first one.
        modifiers: Statements with a condition after them (Ruby's ``return if done``).
        ternary: Conditional expressions.
        else_clauses: The node around an ``else`` branch, where the grammar has one.
        loops: All loops. ``counted``: those with an initialization, a condition and an update. ``iterating``: those
            over a collection.
        switches: Statements with cases. ``cases``: their branches. ``falls_through``: Whether a case without ``break``
            continues with the next one.
        blocks: Nodes whose named children are statements. ``braces``: nodes around or equal to such.
        expression_statements: Statements that consist of an expression.
        exits: Statements that leave a block (return, break, continue); ``returns``, ``breaks`` and ``continues``: each
            kind; ``break_words``: the keywords of the last two.
        throws: Statements that raise an error. ``throwing_calls``: functions that do.
        calls: Calls, including the creation of objects. ``arguments``: their lists; ``argument``: a wrapper of one.
        awaits: Expressions that wait for a result.
        numbers, booleans, strings, lists, nulls: Literals. ``number_types``: pattern of the names of numeric types.
        identifiers: Names. ``never_variables``: names that are not variables.
        parens: Parentheses around an expression.
        subscripts: Accesses by index. ``slices``: ranges in them.
        accesses: Accesses to a member of an object.
        assignments: Assignments. ``updates``: increments and decrements.
        declares: Declaring node -> fields that contain the declared names (empty: its first child).
        declarators: Nodes between a declaration and its name. ``patterns``: lists of names.
        functions: Functions, methods and lambdas. ``scopes``: further nodes at whose end a variable's scope ends.
        opaque: Types, annotations, imports, preprocessor lines: nothing in them is changed.
        handlers: Branches that handle an error.
        constant_contexts: Nodes in which a number is not a value (bit fields, patterns).
        unordered_arguments: Arguments that have a name or several values: they are never swapped.
        unconvertible_arguments: Arguments that cannot replace the call that they are passed to.
        typed: Whether a compiler checks the types of variables.
        literal_types: Type of a variable whose first value is an ``integer``, ``real``, ``text`` or ``boolean``
            literal, where no type is written.
        may_end_without_return: Whether a function that returns a value may lack its last ``return``.
        compile_errors: Errors that edits may cause, by their names in
            :mod:`themis_rm.curation.inject.compile_errors`.
        implicit_return: Whether the last expression of a function is its value.
        shadowing: How an assignment becomes the declaration of a new variable: operator before and after, or an empty
            text and a word in front.
        methods: Method -> one that is easily confused with it; ``strings.Index`` is only the function of that package.
        conversions: Functions whose call may be forgotten without a type error.
        commutative: Functions whose first two arguments may be exchanged.
        releases: Functions that release a resource. ``clears``: that empty a collection. ``allocations``: whose single
            argument is the size of a buffer.
        streams: Lazy iteration -> eager collection: pattern of the called path, replacement, text after the call.
        copies: How a collection is copied, with ``{}`` for it. ``copied_receiver``: the call that does it.
            ``typed_copies``: the same by the pattern of its type, where types are checked.
    """

    transparent: frozenset[str] = _NONE
    binary: frozenset[str]
    logical: Mapping[str, str]
    unary: frozenset[str]
    negation: str = "!"
    conditionals: frozenset[str]
    chained: frozenset[str] = _NONE
    chain_words: tuple[str, str] = ("else if", "if")
    modifiers: frozenset[str] = _NONE
    ternary: frozenset[str] = _NONE
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
    number_types: str = (
        r"(?:const |unsigned |signed |std::)*(?:int|long|short|unsigned|size_t|ssize_t|u?int(?:8|16|32|64)?(?:_t)?"
        r"|float(?:32|64)?|double|byte|long long|unsigned (?:int|long)|uint|ulong|ushort|decimal|usize)"
    )
    booleans: Mapping[str, str]
    strings: frozenset[str]
    lists: frozenset[str] = _NONE
    nulls: frozenset[str] = _NONE
    identifiers: frozenset[str] = frozenset({"identifier"})
    never_variables: frozenset[str] = frozenset({"self", "this", "cls", "_", "super", "nil", "NULL"})
    parens: frozenset[str] = frozenset({"parenthesized_expression"})
    subscripts: frozenset[str]
    slices: frozenset[str] = _NONE
    accesses: frozenset[str] = _NONE
    assignments: frozenset[str]
    updates: frozenset[str] = _NONE
    declares: Mapping[str, tuple[str, ...]]
    declarators: frozenset[str] = _NONE
    patterns: frozenset[str] = _NONE
    functions: frozenset[str]
    scopes: frozenset[str] = _NONE
    opaque: frozenset[str]
    handlers: frozenset[str] = _NONE
    constant_contexts: frozenset[str] = _NONE
    unordered_arguments: frozenset[str] = _NONE
    unconvertible_arguments: frozenset[str] = _NONE
    typed: bool = False
    literal_types: Mapping[str, str] = field(default_factory=lambda: _NO_ENTRIES)
    may_end_without_return: bool = False
    compile_errors: frozenset[str] = _NONE
    implicit_return: bool = False
    shadowing: tuple[str, str] | None = None
    methods: Mapping[str, str] = field(default_factory=lambda: _NO_ENTRIES)
    conversions: frozenset[str] = _NONE
    commutative: frozenset[str] = word_set(
        "min max gcd lcm equals Equals add Add isclose hypot Max Min print println printf append union Join "
        "join assertEqual isdisjoint equal Equal is_same logical_and logical_or fmin fmax MAX MIN"
    )
    releases: frozenset[str] = _NONE
    clears: frozenset[str] = word_set("clear Clear evict Evict invalidate Invalidate purge Purge popitem")
    allocations: frozenset[str] = word_set(
        "malloc alloca zmalloc xmalloc palloc g_malloc kmalloc hi_malloc reserve ensureCapacity allocate"
    )
    streams: tuple[tuple[str, str, str], ...] = ()
    copies: str = ""
    copied_receiver: str = ""
    typed_copies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """Which identifiers are local variables that can be renamed.

    Attributes:
        declarations: Pairs of node type and field that make an identifier a new variable.
        lists: Nodes between a declaration and several names.
        members: Node type -> the one field in which an identifier is a variable; in its other fields it names a member
            (empty: in every field).
        never: Node types below which an identifier may be visible from outside or is not a variable.
        never_fields: Pairs of node type and field of which the same is true.
        identifiers: Node types of identifiers.
    """

    declarations: frozenset[tuple[str, str]]
    lists: frozenset[str] = _NONE
    members: Mapping[str, str] = field(default_factory=lambda: _NO_ENTRIES)
    never: frozenset[str] = _NONE
    never_fields: frozenset[tuple[str, str]] = frozenset()
    identifiers: frozenset[str] = frozenset({"identifier"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedFunction:
    """A function that has no effect when it is added to a program and never called.

    Attributes:
        code: Its source.
        container: Node type of the class whose body it must be in; empty if it can be at the end of a file.
        end_of_code: Text after which nothing is code (Ruby's ``__END__``); programs that contain it are left unchanged.
    """

    code: str
    container: str = ""
    end_of_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """How a program reports that its tests were executed to their end (:mod:`themis_rm.execute.completion`).

    Code contains ``@KEY@`` and ``@MASK@`` for two random words from which the report is computed, ``@ID@`` for a random
    name, ``@MAIN@`` for the class to run and ``@STATUS@`` for an exit status.

    Attributes:
        status: Expression that reports if an exit status means success, and has that exit status as its value.
        exits: Pattern of the functions whose first argument is an exit status.
        bare_exits: Names that end the program with success if nothing follows them (Ruby's ``exit``).
        whole: Replacement of a call that runs tests and exits, by its name; ``@ARGUMENTS@`` is its arguments.
        declaration: Text in front of tests that contain ``status``.
        tail: Text behind the tests.
        end_of_code: Line behind which nothing is code.
        main: Pattern of the entry point that the tests must have; empty for a script.
        renamed: Replacement of what ``main`` matches.
        file: Name of a further source file.
        source: Content of that file.
        main_class: Class to run instead of the tests' own.
    """

    status: str
    exits: str
    bare_exits: frozenset[str] = _NONE
    whole: Mapping[str, str] = field(default_factory=lambda: _NO_ENTRIES)
    declaration: str = ""
    tail: str = ""
    end_of_code: str = ""
    main: str = ""
    renamed: str = ""
    file: str = ""
    source: str = ""
    main_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """How programs of a language are compiled and run.

    Commands contain ``{program}`` for each name in ``programs``, ``{main}`` for the file that is run, ``{stem}`` for
    its name without extension, ``{class}`` for its ``main_class``, ``{libraries}`` and ``{sources}`` (each a complete
    argument) for libraries and for every file with one of the ``extensions``, and ``{cache}`` for the directory that
    ``prepare`` returns.

    Attributes:
        programs: Programs that must be on the PATH (``python`` is the interpreter that runs this package).
        file: Default name of the file with the response.
        extensions: Extensions of the files that are passed to the compiler.
        compile: Commands that compile a program, in order; empty for an interpreted language.
        run: Command that runs the program, once per case.
        version: Command that prints the version.
        package: Command that succeeds if ``{package}`` is installed; empty where no third-party package ever is.
        libraries: Package -> argument for the linker.
        environment: Environment variables of all commands.
        reads: Paths that programs read in addition to those of the system; may be patterns.
        memory: Bytes of memory that a run may use.
        stack: Bytes of the main thread's stack, or :data:`UNLIMITED`, with which other threads have a stack of the
            system's default size.
        compile_seconds: Time limit of the compilation.
        file_name: Returns the name that a source file must have because of its content, or an empty text.
        main_class: Returns the name of the class to run from the content of its file, the tests in it, and the file's
            name.
        completion: How a program reports that its tests were executed to their end.
        completion_arguments: Arguments that replace ``{completion}`` in ``compile`` if a program reports, with
            ``{completion_file}`` for the further source file.
        failure: Expression that ends a program with a failure.
        unequal: Expression whose value equals nothing else; empty where types do not allow it.
        characters: Whether single quotes contain one character.
        prepare: Builds what programs are compiled against, once per machine, from the programs' paths and the version;
            returns its directory.
    """

    programs: tuple[str, ...]
    file: str
    extensions: tuple[str, ...] = ()
    compile: tuple[tuple[str, ...], ...] = ()
    run: tuple[str, ...]
    version: tuple[str, ...]
    package: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=lambda: _NO_ENTRIES)
    environment: Mapping[str, str] = field(default_factory=lambda: _NO_ENTRIES)
    reads: tuple[str, ...] = ()
    memory: int = 1024 * MEBIBYTE
    stack: int = 8 * MEBIBYTE
    compile_seconds: float = 60.0
    file_name: Callable[[str], str] | None = None
    main_class: Callable[[str, str, str], str] | None = None
    completion: Completion | None = None
    completion_arguments: tuple[str, ...] = ()
    failure: str = ""
    unequal: str = ""
    characters: bool = False
    prepare: Callable[[Mapping[str, str], str], Path] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Language:
    """One programming language.

    Attributes:
        name: The value in the ``language`` column of training data and commits (``C#``).
        benchmark_name: The value in the ``language`` column of benchmarks (``CSharp``); empty for a language that the
            benchmark does not have.
        fence: Info string of a Markdown code block.
        aliases: Further names by which it is found.
        extensions: File extensions in lower case, with the dot; each extension belongs to one language.
        grammar: Module of the tree-sitter wheel, with the function that returns the grammar if that is not ``language``
            (``tree_sitter_typescript:language_typescript``).
        line_comment: What starts a comment that extends to the end of the line; empty if the language has none.
        shared_extensions: Extension -> name of another language: a file with it is in the other language if that parses
            it with fewer errors (a C++ header named ``.h``).
        preprocessor: Whether code passes a preprocessor whose macros and conditionals the grammar cannot resolve.
        test_files: Shell patterns of the language's test files, in addition to those that all languages share.
        generated_files: Shell patterns of the language's generated files, likewise.
        documentation: Where functions are documented.
        syntax: Node types of comments, literals and functions.
        injection: Node types that bug operators change.
        renaming: Which variables can be renamed.
        unused_function: A function that is added without an effect.
        toolchain: How programs are compiled and run.
    """

    name: str
    benchmark_name: str = ""
    fence: str
    aliases: tuple[str, ...] = ()
    extensions: tuple[str, ...]
    grammar: str
    line_comment: str = ""
    shared_extensions: Mapping[str, str] = field(default_factory=lambda: _NO_ENTRIES)
    preprocessor: bool = False
    test_files: tuple[str, ...] = ()
    generated_files: tuple[str, ...] = ()
    documentation: Documentation = field(default_factory=Documentation)
    syntax: Syntax | None = None
    injection: GrammarNodes | None = None
    renaming: Renaming | None = None
    unused_function: UnusedFunction | None = None
    toolchain: Toolchain | None = None

    def possible_names(self, path: str) -> set[str]:
        """Return the names of the languages that a file with one of the extensions may be in: this one and others."""
        return {self.name, self.shared_extensions.get(PurePosixPath(path).suffix.lower(), self.name)}

    def require_syntax(self) -> Syntax:
        """Return ``syntax``.

        Raises:
            MissingPartError: The language has none.
        """
        if self.syntax is None:
            raise MissingPartError(self.name, "syntax", NO_SYNTAX)
        return self.syntax

    def require_injection(self) -> GrammarNodes:
        """Return ``injection``.

        Raises:
            MissingPartError: The language has none.
        """
        if self.injection is None:
            raise MissingPartError(self.name, "injection", NO_INJECTION)
        return self.injection

    def require_toolchain(self) -> Toolchain:
        """Return ``toolchain``.

        Raises:
            MissingPartError: The language has none.
        """
        if self.toolchain is None:
            raise MissingPartError(self.name, "toolchain", NO_TOOLCHAIN)
        return self.toolchain


NO_SYNTAX, NO_INJECTION, NO_TOOLCHAIN = "no-syntax-table", "injection-not-supported", "no-toolchain"
"""Reasons under which rows of languages without a part are counted."""


class MissingPartError(SettingError):
    """A language does not define the optional part that an operation needs.

    Args:
        language: Name of the language.
        part: Attribute of :class:`Language`.
        reason: Slug under which a row that needs the part is counted.
    """

    def __init__(self, language: str, part: str, reason: str) -> None:
        super().__init__(f"{language} has no {part}.", f"Set '{part}' where the language is defined.")
        self.arguments = (language, part, reason)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.arguments

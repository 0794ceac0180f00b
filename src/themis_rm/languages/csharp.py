"""C#."""

from __future__ import annotations

from themis_rm.languages import LANGUAGES
from themis_rm.languages.definition import (
    AND_OR,
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
    literals=word_set(
        "string_literal verbatim_string_literal raw_string_literal interpolated_string_expression character_literal"
    ),
    functions=word_set("method_declaration constructor_declaration"),
    containers=word_set("class_declaration struct_declaration interface_declaration record_declaration"),
    annotations=word_set("attribute_list"),
    wrappers=(("class Wrapper {\n", "\n}"),),
)

NODES = GrammarNodes(
    typed_copies=(
        (r"(?:I?List|I?Collection|IReadOnly(?:List|Collection)|IEnumerable|I?Set|HashSet)<(.+)>", r"new List<\1>({})"),
        (r"(.+\[\])", r"(\1){}.Clone()"),
    ),
    binary=word_set("binary_expression"),
    logical=AND_OR,
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
    booleans=TRUE_FALSE,
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
    compile_errors=word_set("missing-return unassigned unbound"),
    literal_types={"integer": "int", "real": "double", "text": "string", "boolean": "bool"},
    methods=swap_table(
        "First/Last FirstOrDefault/LastOrDefault Any/All Min/Max StartsWith/EndsWith IndexOf/LastIndexOf Skip/Take"
        " ToLower/ToUpper TrimStart/TrimEnd Floor/Ceiling OrderBy/OrderByDescending"
        " ToLowerInvariant/ToUpperInvariant IsNullOrEmpty/IsNullOrWhiteSpace SkipWhile/TakeWhile Union/Concat"
        " IntersectWith/UnionWith"
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
    accesses=word_set("member_access_expression attribute"),
    handlers=word_set("catch_clause"),
    unordered_arguments=word_set("spread_element block"),
    unconvertible_arguments=word_set("spread_element"),
)

RENAMING = Renaming(
    declarations=frozenset({("variable_declarator", "name")}),
    members={"member_access_expression": "expression", "attribute": "object"},
    never=word_set("global_statement labeled_statement name_colon"),
    never_fields=frozenset({("argument", "name")}),
)

COMPLETION = Completion(
    status="Completion@ID@.Status(@STATUS@)",
    exits=r"(?:System\.)?Environment\.Exit",
    main=r"(\bstatic\s+(?:\w+\s+)*?[\w.<>]+\s+)Main(\s*\()",
    renamed=r"\1Main@ID@\2",
    file="Completion@ID@.cs",
    source="""public static class Completion@ID@
{
    public static int Status(int status)
    {
        if (status == 0)
        {
            string key = "@KEY@", mask = "@MASK@";
            byte[] report = new byte[32];
            for (int at = 0; at < 32; at++)
                report[at] = (byte)((key[at] + mask[at]) % 26 + 65);
            using (global::System.IO.FileStream file = new global::System.IO.FileStream(
                "/proc/self/fd/3", global::System.IO.FileMode.Open, global::System.IO.FileAccess.Write))
                file.Write(report, 0, 32);
        }
        return status;
    }

    public static int Main(string[] arguments)
    {
        global::System.Reflection.MethodInfo tests = null;
        foreach (global::System.Type type in
            global::System.Reflection.Assembly.GetExecutingAssembly().GetTypes())
            tests = tests ?? type.GetMethod("Main@ID@", (global::System.Reflection.BindingFlags)56);
        object[] given = tests.GetParameters().Length == 0 ? null : new object[] { arguments };
        object result = null;
        try
        {
            result = tests.Invoke(null, given);
            global::System.Threading.Tasks.Task task = result as global::System.Threading.Tasks.Task;
            if (task != null)
                task.GetAwaiter().GetResult();
            if (task is global::System.Threading.Tasks.Task<int>)
                result = ((global::System.Threading.Tasks.Task<int>)task).Result;
        }
        catch (global::System.Reflection.TargetInvocationException error)
        {
            global::System.Console.Error.WriteLine(error.InnerException);
            return 1;
        }
        return Status(result is int ? (int)result : global::System.Environment.ExitCode);
    }
}
""",
)

TOOLCHAIN = Toolchain(
    programs=("mcs", "mono"),
    file="main.cs",
    extensions=(".cs",),
    compile=(
        (
            "{mcs}",
            "-nologo",
            "-warn:0",
            "-r:System.Core",
            "-r:System.Data",
            "-r:System.Numerics",
            "-out:main.exe",
            "{sources}",
        ),
    ),
    run=("{mono}", "main.exe"),
    version=("{mono}", "--version"),
    reads=("/etc/mono",),
    stack=512 * MEBIBYTE,
    completion=COMPLETION,
    failure="System.Environment.Exit(9)",
    characters=True,
)

UNUSED_FUNCTION = UnusedFunction(
    code="\n    private static bool AllResultsVerified(bool[] results)\n    {\n        bool ok = true;\n"
    "        foreach (bool result in results)\n        {\n            ok = ok && result;\n        }\n"
    "        return ok;\n    }\n",
    container="class_declaration",
)

LANGUAGES.register(
    Language(
        name="C#",
        benchmark_name="CSharp",
        fence="csharp",
        aliases=("cs", "c-sharp", "dotnet"),
        extensions=(".cs",),
        grammar="tree_sitter_c_sharp",
        preprocessor=True,
        line_comment="//",
        test_files=("*.Tests*", "*Tests.cs"),
        generated_files=("*.g.cs", "*.Designer.cs"),
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
        toolchain=TOOLCHAIN,
    )
)

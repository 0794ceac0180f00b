"""TypeScript. Its node types are those of JavaScript with types; the benchmark does not have it.

Files named ``.tsx`` are not included: they need another grammar, in which ``<T>value`` is not a type assertion.
"""

from __future__ import annotations

from dataclasses import replace

from themis_rm.languages import LANGUAGES
from themis_rm.languages.definition import Language, UnusedFunction, word_set
from themis_rm.languages.javascript import NODES as JAVASCRIPT
from themis_rm.languages.javascript import RENAMING
from themis_rm.languages.javascript import SYNTAX as JAVASCRIPT_SYNTAX

SYNTAX = replace(
    JAVASCRIPT_SYNTAX,
    enclosing=JAVASCRIPT_SYNTAX.enclosing | {"public_field_definition"},
    containers=word_set("class_declaration abstract_class_declaration class internal_module"),
)

NODES = replace(
    JAVASCRIPT,
    number_types=r":\s*(?:number|bigint)",
    declares={
        **JAVASCRIPT.declares,
        "required_parameter": ("pattern",),
        "optional_parameter": ("pattern",),
    },
    opaque=JAVASCRIPT.opaque
    | word_set(
        "type_annotation type_arguments type_parameters type_alias_declaration interface_declaration enum_declaration"
        " ambient_declaration function_signature method_signature abstract_method_signature index_signature"
        " class_heritage accessibility_modifier override_modifier predefined_type type_predicate_annotation"
        " asserts_annotation union_type intersection_type generic_type array_type tuple_type object_type literal_type"
        " type_query lookup_type conditional_type function_type import_alias"
    ),
    typed=True,
    literal_types={"integer": "number", "real": "number", "text": "string", "boolean": "boolean"},
)

UNUSED_FUNCTION = UnusedFunction(
    code="function allResultsVerified(results: boolean[]): boolean {\n"
    "  return results.every((result) => result === true);\n}\n"
)

LANGUAGES.register(
    Language(
        name="TypeScript",
        fence="typescript",
        aliases=("ts",),
        extensions=(".ts", ".mts", ".cts"),
        grammar="tree_sitter_typescript:language_typescript",
        line_comment="//",
        generated_files=("*.d.ts", "*.d.mts", "*.d.cts"),
        syntax=SYNTAX,
        injection=NODES,
        renaming=RENAMING,
        unused_function=UNUSED_FUNCTION,
    )
)

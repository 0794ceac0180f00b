"""Replacements for the test libraries that upstream tests call, so that toolchains without them can run the tests.

A failed assertion must end the program with a status other than 0, but ``console.assert`` of Node and ``Debug.Assert``
of Mono only print a message, and testify is not part of Go.
"""

from __future__ import annotations

import re

NODE_ASSERT = """
console.assert = (holds, ...said) => {
  if (!holds) {
    throw new Error("assertion failed: " + said.join(" "));
  }
};
"""
"""Code to put before tests that call ``console.assert``."""

_CSHARP_REQUIRE = """
    static void Require(bool holds)
    {
        if (!holds) { System.Environment.Exit(1); }
    }
"""
_GO_ASSERT = """
type checkT struct{}

func (*checkT) Errorf(format string, args ...interface{}) { panic(format) }
func (*checkT) Error(args ...interface{})                 { panic("test failed") }
func (*checkT) Fatalf(format string, args ...interface{}) { panic(format) }
func (*checkT) Fatal(args ...interface{})                 { panic("test failed") }
func (*checkT) Log(args ...interface{})                   {}
func (*checkT) Logf(format string, args ...interface{})   {}
func (t *checkT) Run(name string, f func(*checkT)) bool   { f(t); return true }

type checkAssert struct{}

func (a checkAssert) New(t *checkT) checkAssert { return a }

func checkArgs(args []interface{}) []interface{} {
	if len(args) > 0 {
		if _, ok := args[0].(*checkT); ok {
			return args[1:]
		}
	}
	return args
}

func (checkAssert) Equal(args ...interface{}) {
	args = checkArgs(args)
	if !checkreflect.DeepEqual(args[0], args[1]) {
		panic("not equal")
	}
}

func (checkAssert) True(args ...interface{}) {
	if checkArgs(args)[0] != true {
		panic("not true")
	}
}

func (checkAssert) False(args ...interface{}) {
	if checkArgs(args)[0] != false {
		panic("not false")
	}
}

func (checkAssert) InDelta(args ...interface{}) {
	args = checkArgs(args)
	number := func(x interface{}) float64 {
		return checkreflect.ValueOf(x).Convert(checkreflect.TypeOf(0.0)).Float()
	}
	if gap := number(args[0]) - number(args[1]); !(gap <= number(args[2]) && -gap <= number(args[2])) {
		panic("too far apart")
	}
}

var assert checkAssert
"""

_GO_IMPORTS = re.compile(
    r'^import\s*\((?P<block>[^)]*)\)[ \t]*\n?|^import\s+(?P<single>"[^"\n]+")[ \t]*\n?', re.MULTILINE
)
_GO_PATH = re.compile(r'"([^"\n]+)"')
_GO_PACKAGE = re.compile(r"\A\s*package\s+\w+[ \t]*\n")
_GO_PACKAGES = ("crypto/md5", "errors", "fmt", "math", "math/rand", "sort", "strconv", "strings", "time")
"""Packages of the standard library that upstream code uses, in part without importing them."""


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def remove_go_imports(code: str, paths: frozenset[str]) -> str:
    """Return Go code without the imports of these paths; import declarations that become empty are removed."""

    def keep(match: re.Match[str]) -> str:
        if match["single"] is not None:
            return "" if match["single"].strip('"') in paths else match[0]
        lines = [line for line in match["block"].split("\n") if not paths.intersection(_GO_PATH.findall(line))]
        return f"import ({chr(10).join(lines)})\n" if _GO_PATH.search("".join(lines)) else ""

    return _GO_IMPORTS.sub(keep, code)


def fix_go_imports(code: str) -> str:
    """Return Go code that imports exactly the packages that it uses, as the compiler requires."""
    body, paths = _GO_IMPORTS.sub("", code), _imported_paths(code)
    code = remove_go_imports(code, frozenset(path for path in paths if not _uses(body, path)))
    missing = [path for path in _GO_PACKAGES if path not in paths and _uses(body, path)]
    return "".join(f'import "{path}"\n' for path in missing) + code


def _imported_paths(code: str) -> list[str]:
    return [path for match in _GO_IMPORTS.finditer(code) for path in _GO_PATH.findall(match[0])]


def _uses(body: str, path: str) -> bool:
    return re.search(rf"\b{re.escape(_last(path))}\s*\.", body) is not None


def build_go_program(answer: str, tests: str) -> str:
    """Return a Go program that runs tests written for ``testing`` and testify on an answer.

    Args:
        answer: Go code with or without its package clause.
        tests: ``func TestX(t *testing.T)`` functions, without imports.
    """
    answer = _GO_PACKAGE.sub("", answer, count=1)
    has = set(_imported_paths(answer))
    wanted = [path for path in _GO_PACKAGES if path not in has and _uses(tests, path)]
    imports = "".join(f'import "{path}"\n' for path in wanted)
    calls = "".join(f"\t{name}(&checkT{{}})\n" for name in re.findall(r"^\s*func\s+(Test\w*)\(", tests, re.MULTILINE))
    harness = f"{_GO_ASSERT}\n{tests.replace('*testing.T', '*checkT')}\nfunc main() {{\n{calls}}}\n"
    return f'package main\n\nimport checkreflect "reflect"\n{imports}{answer}\n{harness}'


def build_csharp_program(answer: str, tests: str) -> str:
    """Return a C# program that exits with status 1 at the first ``Debug.Assert`` that fails.

    Args:
        answer: A class without its closing brace.
        tests: Further methods of the class, including ``Main``, and the closing brace.
    """
    # Older compilers need this import for SequenceEqual of arrays.
    return f"using System.Linq;\n{answer}\n{_CSHARP_REQUIRE}{tests.replace('Debug.Assert(', 'Require(')}\n"

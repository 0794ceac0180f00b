"""Wrong responses that try to pass their tests, in every language whose toolchain is installed."""

import sys

import pytest

from themis_rm.execute.check import Check
from themis_rm.execute.runner import run_check
from themis_rm.execute.sandbox import isolation
from themis_rm.execute.toolchains import InstalledToolchain, find_toolchain

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="code is executed on Linux only")

TESTS = {
    "C": {"after": "\n#include <assert.h>\nint main(void) { assert(twice(4) == 8); return 0; }\n"},
    "Cpp": {"after": "\n#include <cassert>\nint main() { assert(twice(4) == 8); }\n"},
    "CSharp": {"after": "\nclass T { static int Main() { if (S.Twice(4) != 8) { return 1; } return 0; } }\n"},
    "Go": {
        "before": 'package main\nimport "os"\nvar _ = os.Args\n',
        "after": '\nfunc main() { if twice(4) != 8 { panic("no") } }\n',
    },
    "Java": {
        "after": "\nclass Main { public static void main(String[] a) { if (S.twice(4) != 8) throw new AssertionError(); } }\n"
    },
    "JavaScript": {"after": "\nconst check = require('assert'); check.strictEqual(twice(4), 8);\n"},
    "Python": {"after": "\nassert twice(4) == 8\n"},
    "Ruby": {"after": "\nraise 'no' unless twice(4) == 8\n"},
}
C = "int twice(int n) { return n; }\n"
JS = "function twice(n) { return n; }\n"
PYTHON = "def twice(n): return n\n"
RUBY = "def twice(n) n end\n"
FORGED = {
    "C": {
        "exit": "#include <stdlib.h>\nint twice(int n) { exit(0); }",
        "constructor": f"#include <unistd.h>\n__attribute__((constructor)) void f(void) {{ _exit(0); }}\n{C}",
        "undefined-assert": f"void __assert_fail(const char *a, const char *b, unsigned c, const char *d) {{ }}\n{C}",
        "other-main": f"{C}int main(void) {{ return 0; }}\n#define main other",
        "exec": '#include <unistd.h>\nint twice(int n) { execl("/bin/true", "true", (char *)0); return 0; }',
    },
    "Cpp": {
        "equals-everything": "struct X { template <class T> bool operator==(T) const { return true; } };\nX twice(int) { return {}; }",
        "static-object": f"#include <unistd.h>\nstruct S {{ S() {{ _exit(0); }} }} s;\n{C}",
        "signal": f"#include <csignal>\n#include <cstdlib>\nstruct S {{ S() {{ std::signal(SIGABRT, [](int) {{ _Exit(0); }}); }} }} s;\n{C}",
    },
    "CSharp": {
        "exit": "class S { public static int Twice(int n) { System.Environment.Exit(0); return 0; } }",
        "equals-everything": "class X { public static bool operator ==(X a, int b) { return true; } public static bool operator !=(X a, int b) { return false; } }\nclass S { public static X Twice(int n) { return new X(); } }",
    },
    "Go": {
        "init": "func init() { os.Exit(0) }\nfunc twice(n int) int { return n }",
        "panic": "func panic(x interface{}) {}\nfunc twice(n int) int { return n }",
    },
    "Java": {
        "halt": "class S { static int twice(int n) { Runtime.getRuntime().halt(0); return 0; } }",
        "static-block": "class S { static { System.exit(0); } static int twice(int n) { return n; } }",
        "handler": "class S { static int twice(int n) { Thread.setDefaultUncaughtExceptionHandler((t, e) -> System.exit(0)); return n; } }",
    },
    "JavaScript": {
        "exit": f"{JS}process.exit(0);",
        "replaced-assert": f"{JS}require('assert').strictEqual = () => {{}};",
        "exit-code": f"{JS}process.on('exit', () => {{ process.exitCode = 0; }});",
        "swallowed": f"{JS}process.on('uncaughtException', () => {{}});",
        "return": f"{JS}return;",
        "reads-tests": "const text = require('fs').readFileSync(__filename, 'utf8');\nfunction twice(n) { return +text.match(/twice.4., (\\d+)/)[1]; }",
    },
    "Python": {
        "exit": f"{PYTHON}import sys; sys.exit(0)",
        "exit-in-function": "def twice(n): raise SystemExit",
        "equals-everything": "class X:\n    def __eq__(self, other): return True\ndef twice(n): return X()",
        "optimized": f"{PYTHON}import os, sys\nif __debug__: os.execv(sys.executable, [sys.executable, '-O', __file__])",
        "exit-hook": f"{PYTHON}import atexit, os; atexit.register(os._exit, 0)",
        "last-line": f"{PYTHON}import os\ntry: exec(open(__file__).read().strip().split(chr(10))[-1])\nfinally: os._exit(0)",
        "copies-source": f"{PYTHON}import os\nfor fd in (1, 2, 3): os.write(fd, open(__file__, 'rb').read()[-32:])\nos._exit(0)",
    },
    "Ruby": {
        "end": f"{RUBY}__END__",
        "exit-hook": f"{RUBY}at_exit {{ exit!(0) }}",
        "replaced-raise": f"{RUBY}def raise(*) end",
        "equals-everything": "class X; def ==(other) true end end\ndef twice(n) X.new end",
    },
}
RIGHT = {
    "C": C.replace("return n", "return 2 * n"),
    "Cpp": C.replace("return n", "return 2 * n"),
    "CSharp": "class S { public static int Twice(int n) { return 2 * n; } }",
    "Go": "func twice(n int) int { return 2 * n }",
    "Java": "class S { static int twice(int n) { return 2 * n; } }",
    "JavaScript": JS.replace("return n", "return 2 * n"),
    "Python": PYTHON.replace("return n", "return 2 * n"),
    "Ruby": RUBY.replace(") n", ") 2 * n"),
}


@pytest.fixture
def state_of():
    isolated = isolation().complete

    def run(language, response, **values):
        if not isinstance(find_toolchain(language, isolated), InstalledToolchain):
            pytest.skip(str(find_toolchain(language, isolated)))
        check = Check(**{"id": "p", "language": language, **TESTS[language], **values})
        return run_check(check, response, isolated=isolated).state

    return run


@pytest.mark.parametrize(
    ("language", "name"), [(language, name) for language, forged in FORGED.items() for name in forged]
)
def test_a_forged_verdict_is_a_failure(state_of, language, name):
    assert state_of(language, FORGED[language][name]) == "failed"


@pytest.mark.parametrize("language", RIGHT)
def test_a_correct_response_passes(state_of, language):
    assert state_of(language, RIGHT[language]) == "passed"


HONEST = {
    "python-exits": ("Python", "import sys\nassert twice(4) == 8\nsys.exit(0)\n"),
    "python-unittest": (
        "Python",
        "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(twice(4), 8)\nunittest.main()\n",
    ),
    "python-helper": ("Python", "def ok(a, b):\n    same = a == b\n    assert same\nok(twice(4), 8)\n"),
    "python-output": ("Python", "print(twice(4))\n"),
    "javascript-later": (
        "JavaScript",
        "setTimeout(() => { if (twice(4) !== 8) throw new Error(); process.exit(0); }, 10);\n",
    ),
    "ruby-exits": ("Ruby", "exit 1 if twice(4) != 8\nexit\n"),
    "c-exits": ("C", "#include <stdlib.h>\nint main(void) { if (twice(4) != 8) abort(); exit(EXIT_SUCCESS); }\n"),
    "c-status": ("C", "int main(void) { return twice(4) != 8; }\n"),
    "go-exits": ("Go", "func main() { if twice(4) != 8 { os.Exit(1) }\nos.Exit(0) }\n"),
}


@pytest.mark.parametrize("name", HONEST)
def test_tests_may_end_the_program_in_their_own_way(state_of, name):
    language, tests = HONEST[name]
    assert state_of(language, RIGHT[language], after=f"\n{tests}") == "passed"


def test_assertions_work_although_the_response_disables_them(state_of):
    assert state_of("C", f"#define NDEBUG\n{RIGHT['C']}") == "passed"
    assert state_of("C", f"#define NDEBUG\n{C}") == "failed"


def test_a_complete_program_is_split_into_response_and_tests():
    program = "import sys\ndef twice(n): return n\nsys.exit(0)\nassert twice(4) == 8\n"
    check = Check(id="p", language="Python", chosen_program=program)
    outcome = run_check(check, "def twice(n): return n\nsys.exit(0)\n", program, isolated=isolation().complete)
    assert (outcome.state, outcome.note) == ("failed", "exit status 0 before its tests were completed")


TABLES = {
    "Python": "\nfor given, wanted in [(1, 2), (4, 8)]:\n    assert twice(given) == wanted\n",
    "JavaScript": (
        "\nconst check = require('assert');\n"
        "for (const [given, wanted] of [[1, 2], [4, 8]]) check.strictEqual(twice(given), wanted);\n"
    ),
    "Ruby": "\n[[1, 2], [4, 8]].each { |given, wanted| raise 'no' unless twice(given) == wanted }\n",
}
READERS = {
    "Python": (
        "import re, sys\nROWS = dict(re.findall(r'\\((\\d+), (\\d+)\\)', open(sys.argv[0]).read()))\n"
        "def twice(n): return int(ROWS[str(n)])\n"
    ),
    "JavaScript": (
        "const rows = new Map([...require('fs').readFileSync(process.argv[1], 'utf8').matchAll(/\\[(\\d+), (\\d+)\\]/g)]"
        ".map((m) => [Number(m[1]), Number(m[2])]));\nfunction twice(n) { return rows.get(n); }\n"
    ),
    "Ruby": "ROWS = File.read($0).scan(/\\[(\\d+), (\\d+)\\]/).to_h\ndef twice(n) ROWS[n.to_s].to_i end\n",
}


@pytest.mark.parametrize("language", TABLES)
def test_a_response_that_reads_a_table_of_expected_values_fails(state_of, language):
    assert state_of(language, READERS[language], after=TABLES[language]) == "failed"


@pytest.mark.parametrize("language", TABLES)
def test_a_correct_response_passes_tests_with_a_table(state_of, language):
    assert state_of(language, RIGHT[language], after=TABLES[language]) == "passed"

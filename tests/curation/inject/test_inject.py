"""Bug injection: properties of every bug, and sites of each operator."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from themis_rm.curation.inject import OPERATORS, inject
from themis_rm.errors import SettingError
from themis_rm.languages import syntax

ALL = OPERATORS.names()

CODE = {
    "C": """int sum_positive(const int *items, int count, int limit) {
    int total = 0;
    char *copy = malloc(count);
    if (copy == NULL || count < 0) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        if (items[i] < 0) {
            skipped += 1;
            continue;
        }
        total += items[i] - limit;
        if (!strcmp(copy, "end")) {
            total = limit;
        } else {
            total = count;
        }
        if (total > limit && count != 3) {
            log_it(limit, count);
            break;
        }
    }
    free(copy);
    return total > limit ? limit : total;
}
""",
    "C#": """public async Task<int> CountAsync(IList<int> items, int limit, int start)
{
    if (items == null)
    {
        throw new ArgumentNullException(nameof(items));
    }
    int total = 0;
    using (var file = new FileStream(path, FileMode.Open))
    {
        total += file.ReadByte();
    }
    for (int i = start; i < items.Count; i++)
    {
        if (!seen.Contains(items[i]) && items[i] > limit)
        {
            total += items[i] - 1;
            found = true;
            continue;
        }
        else
        {
            total--;
        }
        total = Clamp(limit, start);
    }
    foreach (var item in items)
    {
        Visit(item);
    }
    await store.SaveAsync(total);
    store.Dispose();
    return total >= limit ? items.First() : limit;
}
""",
    "C++": """int Table::find(const std::vector<int>& keys, const std::string& name, int low, int high) const {
  if (keys.empty() || name.size() == 0) {
    throw std::runtime_error("empty");
  }
  std::vector<int> found;
  found.reserve(keys.size());
  while (low < high) {
    int middle = (low + high) / 2;
    if (keys[middle - 1] < low) {
      low = middle + 1;
    } else {
      high = middle;
    }
    if (!open_) {
      found.push_back(middle);
      break;
    }
    found.push_back(std::max(low, high));
  }
  delete buffer_;
  buffer_ = nullptr;
  return between(low, high) ? keys.front() : 0;
}
""",
    "Go": """func (s *Store) Load(path string, limit int, start int) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	total := 0
	names := make([]string, 0, limit)
	for i := start; i < limit; i++ {
		if !s.ready || i == 7 {
			total += i - 1
			continue
		}
		if strings.HasPrefix(path, "a") {
			total = s.between(limit, start)
		} else {
			total = 2
		}
		if total > limit {
			names = append(names, path)
			break
		}
		total++
	}
	return total + len(names) + size(file), nil
}
""",
    "Java": """public int load(List<String> names, int limit, int start) throws IOException {
    if (names == null || names.isEmpty()) {
        return -1;
    }
    int total = 0;
    List<String> kept = new ArrayList<>(names.size());
    try (Reader reader = open(limit)) {
        total += reader.read();
    } catch (IOException e) {
        total = 0;
    }
    for (int i = start; i < names.size(); i++) {
        if (!names.get(i).startsWith("a")) {
            total += names.get(i).length() - 1;
            continue;
        } else {
            total--;
        }
        if (total > limit) {
            kept.add(names.get(i));
            break;
        }
        total = between(limit, start);
    }
    for (String name : names) {
        visit(name);
    }
    cache.clear();
    reader.close();
    return total >= limit ? limit : total;
}
""",
    "JavaScript": """async function load(items, limit, start) {
  if (!items || items.length === 0) {
    return null;
  }
  let total = 0;
  let last = start;
  for (let i = start; i < items.length; i++) {
    if (items[i] < 0) {
      total += items[i] - 1;
      continue;
    }
    if (items[i] === limit) {
      last = items[i - 1];
      record(last);
    } else {
      total = 0;
    }
    if (total > limit && last) {
      items.push(between(limit, start));
      break;
    }
  }
  const answer = await send(total, last);
  items.forEach((item) => visit(item));
  socket.close();
  return Math.floor(answer) > limit ? answer : total;
}
""",
    "Python": """async def load(path, items, limit, start=0):
    if not items or limit < 0:
        return None
    total = 0
    found = []
    with open(path) as handle:
        for line in enumerate(handle):
            total += len(line) - 1
            found.append(line)
    for index in range(start, len(items)):
        if items[index] == limit:
            total = 0
            continue
        elif items[index - 1].startswith("a"):
            total -= 1
        else:
            total += 2
        if total > limit and index != 3:
            found.append(between(limit, start))
            break
    total = 0
    for item in items:
        total += item
    answer = await send(total, sorted(found))
    flag = any(x is None for x in found)
    if flag:
        handle.close()
        return send(total, True)
    return total if flag else limit
""",
    "Ruby": """def load(items, limit, start = 0)
  return nil if items.empty?
  raise ArgumentError, "limit" unless limit > 0
  total = 0
  items.each do |item|
    next if item < 0
    total += item - 1
    seen << item
    if item == limit && !done
      total = between(limit, start)
    else
      total = 2
    end
  end
  File.open(path) do |file|
    total += file.read.size
  end
  path.each_line { |line| visit(line) }
  cache.clear
  socket.close
  total > limit ? items.first : items[limit - 1]
end
""",
    "Rust": """pub fn load(&mut self, items: &[i64], limit: i64, start: usize) -> Result<i64, Error> {
    if items.is_empty() || limit < 0 {
        return Err(Error::Empty);
    }
    let mut total: i64 = 0;
    let mut last: i64 = limit;
    let mut found = Vec::with_capacity(items.len());
    for index in start..items.len() {
        if !self.ready {
            total += items[index - 1];
            continue;
        }
        if items[index] == last {
            last = self.between(limit, total);
            self.record(last);
        } else {
            total = 0;
        }
        if total > limit && index != 3 {
            found.push(index);
            break;
        }
    }
    for line in self.text.lines() {
        total += line.len() as i64 * 2;
    }
    if total < limit {
        self.grow(total);
    }
    if last > limit {
        self.shrink(last);
    }
    self.cache.clear();
    drop(found);
    Ok(total.abs().max(last))
}
""",
    "TypeScript": """async load(items: number[], limit: number, start = 0): Promise<number | null> {
  if (!items || items.length === 0) {
    return null;
  }
  let total: number = 0;
  let last = start;
  for (let i = start; i < items.length; i++) {
    if (items[i] < 0) {
      total += items[i] - 1;
      continue;
    }
    if (items[i] === limit) {
      last = items[i - 1];
      record(last);
    } else {
      total = 0;
    }
    if (total > limit && last) {
      items.push(between(limit, total));
      break;
    }
  }
  const answer = await send<number>(total, last);
  items.forEach((item) => visit(item));
  socket.close();
  return Math.floor(answer) > limit ? answer : total;
}
""",
}

NAMES = list(CODE)

# The operators that find a site in the snippet above, by language: an error in a table of node types shows here.
FIRES = {
    "C": "arithmetic-swap branch-swap break-or-continue comparison-boundary comparison-direction "
    "compound-swap dropped-else dropped-operand dropped-release equality-flip inverted-condition "
    "logic-swap lost-accumulation lost-call lost-exit lost-guard lost-update number-change off-by-one "
    "operand-swap oversized-buffer removed-negation repeated-update swapped-arguments update-direction "
    "wrong-variable",
    "C#": "boolean-change branch-swap break-or-continue comparison-boundary comparison-direction dropped-else "
    "dropped-operand dropped-release equality-flip inverted-condition logic-swap lost-accumulation "
    "lost-assignment lost-await lost-call lost-guard lost-update needless-copy number-change off-by-one "
    "removed-negation swapped-arguments unwrapped-resource update-direction wrong-method wrong-variable",
    "C++": "arithmetic-swap branch-swap break-or-continue comparison-boundary comparison-direction "
    "copied-value dropped-else dropped-operand dropped-release equality-flip inverted-condition "
    "logic-swap lost-capacity lost-exit lost-guard lost-update number-change off-by-one operand-swap "
    "oversized-buffer removed-negation swapped-arguments wrong-method wrong-variable",
    "Go": "arithmetic-swap break-or-continue comparison-boundary comparison-direction dropped-else "
    "dropped-operand dropped-release equality-flip inverted-condition logic-swap lost-accumulation "
    "lost-capacity lost-exit lost-guard lost-update number-change off-by-one operand-swap "
    "removed-negation repeated-update swapped-arguments update-direction wrong-method wrong-variable",
    "Java": "arithmetic-swap branch-swap break-or-continue comparison-boundary comparison-direction "
    "dropped-else dropped-operand dropped-release equality-flip inverted-condition logic-swap "
    "lost-accumulation lost-assignment lost-capacity lost-clear lost-exit lost-guard lost-update "
    "needless-copy number-change off-by-one operand-swap removed-negation swapped-arguments "
    "unwrapped-resource update-direction wrong-method wrong-variable",
    "JavaScript": "arithmetic-swap branch-swap break-or-continue comparison-boundary comparison-direction "
    "dropped-argument dropped-conversion dropped-else dropped-operand dropped-release equality-flip "
    "inverted-condition logic-swap lost-accumulation lost-assignment lost-await lost-call lost-exit "
    "lost-guard lost-update needless-copy number-change off-by-one operand-swap removed-negation "
    "repeated-update shadowed-variable swapped-arguments wrong-method wrong-variable",
    "Python": "arithmetic-swap boolean-change branch-swap break-or-continue collected-stream comparison-boundary "
    "comparison-direction compound-swap dropped-argument dropped-conversion dropped-else "
    "dropped-operand dropped-release equality-flip inverted-condition logic-swap lost-accumulation "
    "lost-assignment lost-await lost-exit lost-guard lost-reset lost-return-keyword lost-update "
    "needless-copy number-change off-by-one operand-swap removed-negation repeated-update reset-in-loop "
    "swapped-arguments unwrapped-resource wrong-method wrong-variable",
    "Ruby": "arithmetic-swap branch-swap collected-stream comparison-boundary comparison-direction "
    "dropped-argument dropped-else dropped-operand dropped-release equality-flip inverted-condition "
    "logic-swap lost-accumulation lost-clear lost-guard needless-copy number-change off-by-one "
    "operand-swap removed-negation swapped-arguments swapped-keyword unwrapped-resource wrong-method "
    "wrong-variable",
    "Rust": "arithmetic-swap break-or-continue collected-stream comparison-boundary comparison-direction "
    "compound-swap dropped-conversion dropped-else dropped-operand dropped-release equality-flip "
    "inverted-condition joined-branches logic-swap lost-accumulation lost-assignment lost-branch "
    "lost-clear lost-condition lost-exit lost-guard lost-update number-change off-by-one operand-swap "
    "oversized-buffer removed-negation repeated-update shadowed-variable swapped-arguments wrong-method "
    "wrong-variable",
    "TypeScript": "arithmetic-swap branch-swap break-or-continue comparison-boundary comparison-direction "
    "compound-swap dropped-conversion dropped-else dropped-operand dropped-release equality-flip "
    "inverted-condition logic-swap lost-accumulation lost-assignment lost-await lost-call lost-exit "
    "lost-guard lost-update needless-copy number-change off-by-one operand-swap removed-negation "
    "repeated-update shadowed-variable swapped-arguments update-direction wrong-method wrong-variable",
}


def test_every_operator_is_used_in_a_language():
    used = {operator for operators in FIRES.values() for operator in operators.split()}
    assert used <= set(ALL)


@pytest.mark.parametrize("name", NAMES)
def test_snippets_have_no_syntax_errors(name):
    assert syntax.error_count(syntax.parse_fragment(CODE[name], name).tree) == 0


@pytest.mark.parametrize(("name", "operator"), [(n, o) for n in NAMES for o in FIRES[n].split()])
def test_operator_finds_a_site(name, operator):
    injections = inject(CODE[name], name, seed="x", operators=[operator])
    assert [injection.operator for injection in injections] == [operator]


@pytest.mark.parametrize("name", NAMES)
def test_every_bug_parses_and_changes_tokens(name):
    injections = inject(CODE[name], name, seed="all", operators=ALL, count=400)
    tokens = syntax.code_tokens(CODE[name], name)
    assert len(injections) > 40
    for injection in injections:
        assert syntax.error_count(syntax.parse_fragment(injection.code, name).tree) == 0, injection.operator
        assert syntax.code_tokens(injection.code, name) != tokens, injection.operator


@pytest.mark.parametrize("name", NAMES)
def test_bugs_of_one_piece_of_code_differ(name):
    injections = inject(CODE[name], name, seed="all", operators=ALL, count=60)
    assert len({injection.code for injection in injections}) == len(injections)


@given(st.sampled_from(NAMES), st.text(min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_the_same_seed_gives_the_same_bugs(name, seed):
    assert inject(CODE[name], name, seed=seed, count=3) == inject(CODE[name], name, seed=seed, count=3)


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=80, deadline=None)
def test_any_piece_of_code_gets_no_new_syntax_errors(name, data):
    lines = CODE[name].split("\n")
    start = data.draw(st.integers(0, len(lines) - 1))
    code = "\n".join(lines[start : start + data.draw(st.integers(1, len(lines)))])
    before = syntax.error_count(syntax.parse_fragment(code, name).tree)
    for injection in inject(code, name, seed="s", count=4, operators=ALL):
        assert syntax.error_count(syntax.parse_fragment(injection.code, name).tree) <= before
        assert syntax.code_tokens(injection.code, name) != syntax.code_tokens(code, name)


@given(st.sampled_from(NAMES), st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_text_is_accepted(name, text):
    inject(text, name, seed="s", operators=ALL)


def test_seeds_give_different_bugs():
    assert len({inject(CODE["Python"], "Python", seed=str(n))[0].code for n in range(30)}) > 15


@pytest.mark.parametrize(
    ("name", "operator", "code", "bugged"),
    [
        (
            "Python",
            "broken-chain",
            "if a:\n    b()\nelif c:\n    d()\n",
            "if a:\n    b()\nif c:\n    d()\n",
        ),
        (
            "Java",
            "broken-chain",
            "void f() {\n    if (a) {\n        b();\n    } else if (c) {\n        d();\n    }\n}\n",
            "void f() {\n    if (a) {\n        b();\n    }\n    if (c) {\n        d();\n    }\n}\n",
        ),
        (
            "Go",
            "joined-branches",
            "func f() {\n\tif a {\n\t\tb()\n\t}\n\tif c {\n\t\td()\n\t}\n}\n",
            "func f() {\n\tif a {\n\t\tb()\n\t} else if c {\n\t\td()\n\t}\n}\n",
        ),
        (
            "Ruby",
            "joined-branches",
            "def f\n  if a\n    b\n  end\n  if c\n    d\n  end\nend\n",
            "def f\n  if a\n    b\n  elsif c\n    d\n  end\nend\n",
        ),
        (
            "Python",
            "return-in-loop",
            "def f(a):\n    t = 0\n    for x in a:\n        t += x\n    return t\n",
            "def f(a):\n    t = 0\n    for x in a:\n        t += x\n        return t\n",
        ),
        (
            "JavaScript",
            "lost-return-keyword",
            "function f(a) {\n  return g(a);\n}\n",
            "function f(a) {\n  g(a);\n}\n",
        ),
        (
            "Go",
            "shadowed-variable",
            "func f() int {\n\tx := 1\n\tif a {\n\t\tx = g()\n\t\th(x)\n\t}\n\treturn x\n}\n",
            "func f() int {\n\tx := 1\n\tif a {\n\t\tx := g()\n\t\th(x)\n\t}\n\treturn x\n}\n",
        ),
        (
            "C#",
            "plain-declaration",
            "void F()\n{\n    using var a = B();\n    a.C();\n}\n",
            "void F()\n{\n    var a = B();\n    a.C();\n}\n",
        ),
        (
            "Python",
            "lost-branch",
            "def f(a):\n    if a < 0:\n        a = -a\n    return g(a)\n",
            "def f(a):\n    return g(a)\n",
        ),
        (
            "Python",
            "lost-condition",
            "def f(a):\n    if a:\n        b = g(a)\n        h(b)\n    return a\n",
            "def f(a):\n    b = g(a)\n    h(b)\n    return a\n",
        ),
        (
            "C",
            "lost-condition",
            "void f(char *p) {\n  if (p)\n    g(p);\n  h();\n}\n",
            "void f(char *p) {\n  g(p);\n  h();\n}\n",
        ),
        ("Ruby", "lost-condition", "def f\n  a if b\n  c\nend\n", "def f\n  a\n  c\nend\n"),
        ("Go", "lost-call", "func (a *A) f() {\n\ta.Lock()\n\tg(a)\n\treturn\n}\n", None),
        ("Java", "lost-call", "void f() {\n    reset();\n    int a = b();\n}\n", "void f() {\n    int a = b();\n}\n"),
        ("Go", "lost-assignment", "func (s *S) f() {\n\ts.a = 1\n\tb()\n}\n", "func (s *S) f() {\n\tb()\n}\n"),
        ("JavaScript", "dropped-argument", "a(b, c);\n", "a(b);\n"),
        ("Go", "lost-guard", "func f() {\n\tif a {\n\t\tpanic(1)\n\t}\n\tb()\n}\n", "func f() {\n\tb()\n}\n"),
        (
            "Ruby",
            "lost-guard",
            "def f(a)\n  raise ArgumentError, 'a' unless a > 0\n  b(a)\nend\n",
            "def f(a)\n  b(a)\nend\n",
        ),
        ("JavaScript", "text-change", "x.join(',');\n", None),
        ("Python", "lost-reset", "n = 0\nfor a in b:\n    n = 0\n    n += a\n", "n = 0\nfor a in b:\n    n += a\n"),
    ],
)
def test_operator_makes_this_edit(name, operator, code, bugged):
    (injection,) = inject(code, name, seed="1", operators=[operator])
    assert injection.code == bugged or bugged is None


def test_line_is_the_line_of_the_first_difference():
    (injection,) = inject("def f(a):\n    b = a\n    return b * 2\n", "Python", seed="1", operators=["number-change"])
    assert injection.line == 3


def test_the_comment_about_a_removed_guard_is_removed_too():
    code = "def f(a):\n    # nothing to do without a\n    if not a:\n        return 0\n    b = a\n    return b\n"
    (injection,) = inject(code, "Python", seed="1", operators=["lost-guard"])
    assert injection.code == "def f(a):\n    b = a\n    return b\n"


def test_text_in_comments_strings_and_logs_is_not_changed():
    code = 'def f():\n    # a < b and 1\n    logger.info("%d", 3 < 4)\n    raise E("a == 2")\n'
    assert inject(code, "Python", seed="1", operators=ALL) == []


def test_a_sleep_time_is_not_changed():
    assert inject("def f():\n    time.sleep(5)\n", "Python", seed="1") == []


def test_a_last_return_without_a_value_is_not_removed():
    code = "def f(a):\n    g(a)\n    return None\n"
    assert inject(code, "Python", seed="1", operators=["lost-exit"]) == []


def test_operands_of_a_commutative_operator_are_not_swapped():
    assert inject("x = a + b * c\n", "Python", seed="1", operators=["operand-swap"]) == []


def test_equal_arguments_are_not_swapped():
    assert inject("f(a, a)\n", "Python", seed="1", operators=["swapped-arguments"]) == []


def test_no_variable_becomes_unused_in_go():
    code = "func f() int {\n\tx, err := g()\n\tif err != nil {\n\t\treturn 0\n\t}\n\treturn x\n}\n"
    assert inject(code, "Go", seed="1", operators=["lost-guard"]) == []


def test_a_last_return_is_not_removed_in_java():
    code = "int f(int a) {\n    a += 1;\n    return a;\n}\n"
    assert inject(code, "Java", seed="1", operators=["lost-exit"]) == []


def test_preprocessor_conditions_are_not_changed():
    code = "int f(void) {\n#if defined(A) && B > 1\n    g();\n#endif\n    h();\n}\n"
    assert inject(code, "C", seed="1", operators=["logic-swap", "comparison-boundary", "number-change"]) == []


def test_memory_operators_are_not_used_by_default():
    criteria = {row.name: row.criterion for row in OPERATORS}
    injections = inject(CODE["Python"], "Python", seed="1", count=300)
    assert {criteria[injection.operator] for injection in injections} == {"FC"}


def test_unwrapped_with_keeps_the_body():
    code = "def f(p):\n    with open(p) as fh:\n        # all of it\n        text = fh.read()\n\n        return text\n"
    (injection,) = inject(code, "Python", seed="1", operators=["unwrapped-resource"])
    assert injection.code == "def f(p):\n    fh = open(p)\n    # all of it\n    text = fh.read()\n\n    return text\n"
    assert injection.criterion == "ME"


def test_windows_line_ends_are_kept():
    code = CODE["Python"].replace("\n", "\r\n")
    for injection in inject(code, "Python", seed="1", count=20):
        assert injection.code.count("\r\n") >= injection.code.count("\n") - 1


@pytest.mark.parametrize(
    ("name", "operator", "code"),
    [
        ("Python", "lost-call", "def f():\n    logger.info('a')\n    b()\n    return 1\n\n\ndef g():\n    a()\n"),
        (
            "Java",
            "lost-call",
            "void f() {\n    try {\n        a();\n        b();\n    } catch (E e) {\n        c();\n    }\n}\n",
        ),
        ("C++", "lost-call", "void f() {\n  a.reserve(3);\n  int b = 1;\n}\n"),
        ("Ruby", "lost-call", "def f\n  a = 1\n  b(a)\nend\n"),
        (
            "Java",
            "lost-condition",
            "void f(Object a) {\n    if (a instanceof B b) {\n        b.c();\n    }\n    d();\n}\n",
        ),
        ("Go", "lost-condition", "func f() {\n\tif x := a(); x > 1 {\n\t\tb(x)\n\t}\n\tc()\n}\n"),
        ("Python", "lost-assignment", "def f():\n    a = 1\n    return a\n"),
        ("Java", "lost-assignment", "A(int b) {\n    this.b = b;\n    c();\n}\n"),
        ("C#", "lost-assignment", "bool F(out int a)\n{\n    a = 0;\n    return G(out a);\n}\n"),
        ("Go", "dropped-argument", "func f() {\n\ta(b, c)\n}\n"),
        ("Go", "wrong-variable", "func f() {\n\ta := g()\n\tb := h()\n\tc(len(a), len(b))\n}\n"),
        ("Go", "wrong-variable", "func f(to, from string) T {\n\treturn T{to: 1}\n}\n"),
        ("C", "wrong-variable", "void f(const char *a, char *b) {\n    *b++ = *a;\n}\n"),
        ("Java", "wrong-variable", "void f(int a) {\n    int b;\n    g(a);\n    b = 2;\n}\n"),
        ("Go", "shadowed-variable", "func f(a string) int {\n\ta = g(a)\n\treturn h(a)\n}\n"),
        (
            "C#",
            "needless-copy",
            "void F(IQueryable<int> a)\n{\n    foreach (var b in a)\n    {\n        G(b);\n    }\n}\n",
        ),
    ],
)
def test_no_edit_is_made_that_has_no_effect_or_may_not_compile(name, operator, code):
    code = code.split("\n\n\n")[0] if operator != "lost-call" or name != "Python" else code
    edits = inject(code, name, seed="1", operators=[operator], count=9)
    assert [edit for edit in edits if name != "Python" or "logger" not in edit.code] == []


@pytest.mark.parametrize(
    ("name", "type_", "copy"),
    [
        ("C#", "IList<int>", "new List<int>(a)"),
        ("C#", "string[]", "(string[])a.Clone()"),
        ("Java", "List<String>", "List.copyOf(a)"),
        ("Java", "ArrayList<String>", "new ArrayList<>(a)"),
    ],
)
def test_a_copy_needs_no_import_that_its_variable_does_not_need(name, type_, copy):
    loop = {"C#": "foreach (var b in a)", "Java": "for (var b : a)"}[name]
    (edit,) = inject(
        f"void f({type_} a) {{\n    {loop} {{\n        g(b);\n    }}\n}}\n", name, seed="1", operators=["needless-copy"]
    )
    assert copy in edit.code


@pytest.mark.parametrize("arguments", [{"operators": ["off-by-on"]}, {"weights": {"off-by-on": 1.0}}])
def test_an_unknown_operator_suggests_the_closest_name(arguments):
    with pytest.raises(SettingError, match="off-by-one"):
        inject("x = 1\n", "Python", seed="1", **arguments)


def test_weight_zero_disables_an_operator():
    assert inject("x = 1\n", "Python", seed="1", operators=["number-change"], weights={"number-change": 0}) == []


def test_a_negative_weight_is_an_error():
    with pytest.raises(SettingError, match="negative"):
        inject("x = 1\n", "Python", seed="1", weights={"number-change": -1})

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.answers import AnswerMode
from themis_rm.answers.extract import extract_answer
from themis_rm.benchmark.authored import load_authored_pairs
from themis_rm.errors import SettingError

CODE = "def add(a, b):\n    return a + b\n"
FENCED = f"```python\n{CODE}```"
DIFF = "--- a/add.py\n+++ b/add.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n"

WELL_FORMED = {
    "bare": CODE,
    "bare without a final line end": CODE.rstrip("\n"),
    "windows line ends": CODE.replace("\n", "\r\n"),
    "blank lines around": f"\n\n{CODE}\n\n",
    "fence": FENCED,
    "fence without label": f"```\n{CODE}```",
    "tildes": f"~~~py\n{CODE}~~~",
    "long fence": f"`````python\n{CODE}`````",
    "label with attributes": f'```{{.python title="add.py"}}\n{CODE}```',
    "prose": f"Here it is:\n\n{FENCED}\nIt handles all cases.",
    "list item": "1. The function:\n\n   ```python\n   def add(a, b):\n       return a + b\n   ```\n",
    "block quote": "> ```python\n> def add(a, b):\n>     return a + b\n> ```",
    "reasoning": f"<think>\nSubtract? No: ```python\nadd\n```\n</think>\n\n{FENCED}",
    "reasoning before bare code": f"<think>\nAdd.\n</think>\n{CODE}",
    "empty reasoning": f"<think></think>{CODE}",
    "reasoning without its opening tag": f"Subtract? No, add.\n</think>\n\n{FENCED}",
    "answer tags": f"<think>Add.</think><answer>\n{FENCED}\n</answer>",
    "shell block before": f"```bash\npip install numpy\n```\n\n{FENCED}",
    "output block behind": f"{FENCED}\n\n```text\n3\n```",
    "twice the same": f"{FENCED}\n\nAgain:\n\n{FENCED}",
}

FAILURES = {
    "no-code": [
        "I cannot help with that.",
        "return the value if it is large",
        "- one\n- two",
        "42",
        "```text\nnothing\n```",
    ],
    "several-blocks": [f"{FENCED}\n\n```python\nprint(add(1, 2))\n```"],
    "unclosed-block": [f"```python\n{CODE}"],
    "unclosed-reasoning": [f"<think>\nLet me see\n{CODE}"],
    "empty-answer": ["", " \n", "<think>done</think>\n"],
}


@pytest.mark.parametrize("wrapper", WELL_FORMED)
def test_a_well_formed_wrapper_gives_the_code(wrapper: str) -> None:
    assert extract_answer(WELL_FORMED[wrapper]).code == CODE


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in FAILURES.items() for text in texts])
def test_an_answer_without_one_code_has_a_reason(reason: str, text: str) -> None:
    answer = extract_answer(text)
    assert (answer.failure, answer.code) == (reason, "")


def test_raw_changes_nothing() -> None:
    text = f"<think>x</think>\r\n{FENCED}"
    assert extract_answer(text, "raw").code == text


@pytest.mark.parametrize(
    ("mode", "text", "expected"),
    [
        ("code", CODE, CODE),
        ("code", FENCED, "no-code"),
        ("last-block", f"{FENCED}\n```python\nprint(1)\n```", "print(1)\n"),
        ("last-block", CODE, "no-code"),
        ("one-block", FENCED, CODE),
        ("one-block", f"{FENCED}\n```bash\nls\n```", "several-blocks"),
        ("diff", DIFF, DIFF),
        ("diff", f"Apply this:\n```diff\n{DIFF}```", DIFF),
        ("diff", FENCED, "not-a-diff"),
        ("diff", CODE, "not-a-diff"),
        ("auto", DIFF, DIFF),
        ("auto", f"```diff\n{DIFF}```", DIFF),
    ],
)
def test_modes(mode: AnswerMode, text: str, expected: str) -> None:
    answer = extract_answer(text, mode)
    assert (answer.failure or answer.code) == expected


def test_a_wanted_language_selects_its_block() -> None:
    text = f"{FENCED}\n```java\nclass A {{}}\n```"
    assert extract_answer(text, language="Java").code == "class A {}\n"


def test_a_block_in_another_language_than_wanted_is_named() -> None:
    assert extract_answer(FENCED, language="Java").failure == "other-language"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SettingError, match="Unknown language 'Pyhton'"):
        extract_answer(CODE, language="Pyhton")


@pytest.mark.parametrize(("code", "state"), [("def f():\n    return 1\n", "ok"), ("def f(:\n    return 1\n", "error")])
def test_the_syntax_of_a_block_is_checked(code: str, state: str) -> None:
    assert extract_answer(f"```python\n{code}```").syntax == state


def test_a_block_in_a_language_without_grammar_is_code() -> None:
    answer = extract_answer('```kotlin\nfun main() = println("hi")\n```')
    assert (answer.code, answer.language, answer.syntax) == ('fun main() = println("hi")\n', "kotlin", "unknown")


@pytest.mark.parametrize("label", ["py", "python3", "Python", "{.python}"])
def test_labels_name_languages(label: str) -> None:
    assert extract_answer(f"```{label}\n{CODE}```").language == "Python"


def test_fences_in_a_docstring_belong_to_the_code() -> None:
    code = 'def add(a, b):\n    """Add.\n\n    ```python\n    add(1, 2)\n    ```\n    """\n    return a + b\n'
    assert extract_answer(code).code == code


def test_fences_in_a_comment_belong_to_the_code() -> None:
    code = "/**\n * Adds:\n * ```js\n * add(1, 2)\n * ```\n */\nfunction add(a, b) {\n  return a + b;\n}\n"
    assert extract_answer(code).code == code


def test_a_closing_tag_inside_code_is_not_the_end_of_reasoning() -> None:
    code = 'def strip(text):\n    return text.split("</think>")[-1]\n'
    assert extract_answer(code).code == code


def test_every_authored_response_is_recognized_as_code() -> None:
    for pair in load_authored_pairs()[::9]:
        answer = extract_answer(pair.chosen)
        assert (answer.failure, answer.code) == ("", pair.chosen.strip("\n") + "\n"), pair.id


PROGRAMS = st.sampled_from([CODE, "x = 1\nprint(x)\n", "class A:\n    def f(self):\n        return [1]\n"])
SENTENCES = st.sampled_from(["Here it is:", "This handles all cases.", "Note that lists work too.", "## Solution", ""])
THOUGHTS = st.sampled_from(["", "<think>\n{0}\n</think>\n\n", "{0}\n</think>\n\n", "<THINK>{0}</THINK>\n"])
FENCES = st.sampled_from(["```", "````", "~~~", "~~~~~"])
LABELS = st.sampled_from(["", "python", "py", "Python", "python3"])
INDENTS = st.sampled_from(["", "  ", "   "])


@given(PROGRAMS, SENTENCES, SENTENCES, THOUGHTS, FENCES, LABELS, INDENTS, st.sampled_from(["\n", "\r\n"]))
def test_random_wrappers_give_the_code(
    code: str, before: str, after: str, thought: str, fence: str, label: str, indent: str, end: str
) -> None:
    block = "".join(f"{indent}{line}\n" for line in [f"{fence}{label}", *code.rstrip("\n").split("\n"), fence])
    text = thought.format(f"First {before}") + f"{before}\n\n{block}\n{after}"
    assert extract_answer(text.replace("\n", end)).code == code


@given(st.text(max_size=200))
def test_any_text_gives_code_or_a_reason(text: str) -> None:
    answer = extract_answer(text)
    assert bool(answer.code.strip()) != bool(answer.failure)

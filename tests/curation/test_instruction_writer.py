"""Instructions of commits that a chat model writes."""

import pytest
from datatrove.data import Document

from themis_rm.curation.instruction_writer import InstructionWriter
from themis_rm.endpoints.settings import ChatSettings
from themis_rm.errors import UserError

OLD = "def total(xs):\n    return first_sum(xs)\n"
NEW = "def total(xs):\n    return second_sum(xs)\n"


@pytest.fixture
def run(chat, tmp_path):
    """Return a function that runs the step on commits and returns their rows."""
    settings = ChatSettings(url=chat.url, served_model_name="m", max_retries=0, max_concurrency=2)

    def run(count=1):
        rows = [
            {"repos": "r", "commit": str(number), "file_path": "a.py", "language": "Python"}
            | {"new_contents": NEW, "old_contents": OLD, "instruction": "From a template"}
            | {"instruction_source": "template"}
            for number in range(count)
        ]
        step = InstructionWriter(settings, tmp_path / "cache")
        documents = step.run([Document(text="", id=row["commit"], metadata=row) for row in rows])
        rows = [document.metadata for document in documents]
        return rows, {name for name in step.stats.stats if "instructions" in name}

    return run


def test_the_text_of_the_model_is_the_instruction(run):
    (row,), counts = run()
    assert (row["instruction"], row["instruction_source"]) == ("Sum the list.", "llm")
    assert [name for name in counts if name.endswith("instructions-llm")]


def test_commits_keep_their_order(run):
    rows, _ = run(9)
    assert [row["commit"] for row in rows] == [str(number) for number in range(9)]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("<request>Use second_sum to sum the list.</request>", "leaks"),
        ("<request>Write the first version.</request>", "mentions-versions"),
        ("Sum the list.", "no-request"),
        (500, ""),
    ],
)
def test_a_text_that_cannot_be_used_leaves_the_template(run, chat, reply, reason):
    chat.answer = lambda _: reply
    (row,), counts = run()
    assert (row["instruction"], row["instruction_source"]) == ("From a template", "template")
    assert [name for name in counts if f"instructions-{reason}" in name]


def test_a_second_run_does_not_ask_again(run, chat):
    run()
    asked = len(chat.asked)
    run()
    assert len(chat.asked) == asked


def test_a_server_without_models_is_reported_before_the_start(chat, tmp_path):
    chat.models = []
    with pytest.raises(UserError, match="lists no models"):
        InstructionWriter(ChatSettings(url=chat.url, max_retries=0), tmp_path)

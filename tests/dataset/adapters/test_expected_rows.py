"""Files in the columns of public datasets against expected rows that no code computed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from themis_rm.dataset.preferences import DataSettings, PreferenceReader
from themis_rm.prompts import PromptSet
from themis_rm.records import Preference

SUM, DIFFERENCE = "return a + b", "return a - b"


class Expected(NamedTuple):
    """What a row must be.

    Attributes:
        id: Identifier in the file; empty where the file has none, and the row gets one from its content.
        turns: Texts of the turns before the responses.
        chosen: Text of the better response.
        rejected: Text of the other one.
    """

    id: str
    turns: tuple[str, ...]
    chosen: str = SUM
    rejected: str = DIFFERENCE
    margin: float | None = None
    language: str = ""
    aspect: str = ""
    source: str = ""


def chat(*texts: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[number % 2], "content": text} for number, text in enumerate(texts)]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def sides(*turns: str) -> dict[str, Any]:
    return {"chosen": chat(*turns, SUM), "rejected": chat(*turns, DIFFERENCE)}


BOTH = {"chosen": SUM, "rejected": DIFFERENCE}
FIRST, SECOND = Expected("", ("Add.",)), Expected("", ("Add two.",))

FILES: dict[str, tuple[list[dict[str, Any]], list[Expected]]] = {
    "trl-explicit-texts": (
        [{"prompt": "Add.", **BOTH}, {"prompt": "Add two.", **BOTH}],
        [FIRST, SECOND],
    ),
    "trl-implicit-texts": (
        [{side: f"Add.\n{text}" for side, text in BOTH.items()}],
        [FIRST],
    ),
    "trl-explicit-messages": (
        [{"prompt": chat("Add.", "What?", "Two."), "chosen": answer(SUM), "rejected": answer(DIFFERENCE)}],
        [Expected("", ("Add.", "What?", "Two."))],
    ),
    "trl-implicit-messages": (
        [sides("Add."), sides("Add.", "What?", "Two.")],
        [FIRST, Expected("", ("Add.", "What?", "Two."))],
    ),
    "ultrafeedback-binarized": (
        [
            {**sides("Add."), "score_chosen": 8.5, "score_rejected": 5.0},
            {**sides("Add two."), "score_chosen": 6.0, "score_rejected": 6.0},
        ],
        [FIRST._replace(margin=3.5)],
    ),
    "ultrafeedback-of-the-alignment-handbook": (
        [
            {
                "prompt": "Add.", "prompt_id": "p7", **sides("Add."), "messages": chat("Add.", SUM),
                "score_chosen": 9.0, "score_rejected": 4.0,
            }
        ],
        [Expected("p7", ("Add.",), margin=5.0)],
    ),
    "helpsteer3": (
        [
            {
                "domain": "code", "language": "python", "context": chat(*turns), "response1": first,
                "response2": second, "overall_preference": preference,
                "individual_preference": [{"score": preference, "reasoning": "r", "feedback": "f"}],
            }
            for turns, first, second, preference in (
                (("Add.",), SUM, DIFFERENCE, -2),
                (("Add.", "What?", "Two."), DIFFERENCE, SUM, 3),
                (("Add.",), SUM, DIFFERENCE, 0),
            )
        ],
        [
            Expected("", ("Add.",), margin=2.0, language="Python", source="code"),
            Expected("", ("Add.", "What?", "Two."), margin=3.0, language="Python", source="code"),
        ],
    ),
    "skywork": (
        [{**sides("Add."), "source": "magpie"}],
        [FIRST._replace(source="magpie")],
    ),
    "tulu": (
        [{
            "id": "t1", "prompt": "Add.", "constraints": None, **sides("Add."), "chosen_model": "m",
            "rejected_model": "n",
        }],
        [Expected("t1", ("Add.",))],
    ),
    "prometheus": (
        [
            {
                "orig_criteria": "Is it right?", "orig_preference": letter, "instruction": "You are a judge.",
                "output": "[RESULT]", "orig_instruction": "Add.", "orig_response_A": first, "orig_response_B": second,
                "orig_score_A": scores[0], "orig_score_B": scores[1],
            }
            for letter, first, second, scores in (("A", SUM, DIFFERENCE, "52"), ("B", DIFFERENCE, SUM, "14"))
        ],
        [FIRST._replace(margin=3.0), FIRST._replace(margin=3.0)],
    ),
    "rewardbench": (
        [{"prompt": "Add.", **BOTH, "chosen_model": "m", "rejected_model": "n", "subset": "hep-go", "id": 31}],
        [Expected("31", ("Add.",), source="hep-go")],
    ),
    "rewardbench2": (
        [
            {
                "id": "b3", "prompt": "Add.", "chosen": [SUM], "rejected": [DIFFERENCE, "0", "1"], "num_correct": 1,
                "num_incorrect": 3, "total_completions": 4, "models": ["m"], "subset": "Math",
                "additional_metadata": {"category": None, "method": "x"},
            }
        ],
        [
            Expected(f"b3:0:{number}", ("Add.",), rejected=text, source="Math")
            for number, text in enumerate((DIFFERENCE, "0", "1"))
        ],
    ),
    "rm-bench": (
        [{"id": 4, "prompt": "Add.", "chosen": [SUM, "b + a"], "rejected": [DIFFERENCE, "b - a"], "domain": "code"}],
        [
            Expected(f"4:{i}:{j}", ("Add.",), chosen, rejected, source="code")
            for i, chosen in enumerate((SUM, "b + a"))
            for j, rejected in enumerate((DIFFERENCE, "b - a"))
        ],
    ),
    "judgebench": (
        [
            {
                "pair_id": f"j{label}", "original_id": "o", "source": "livecodebench", "question": "Add.",
                "response_model": "m", "response_A": first, "response_B": second, "label": label,
            }
            for label, first, second in (("A>B", SUM, DIFFERENCE), ("B>A", DIFFERENCE, SUM))
        ],
        [Expected(f"j{label}", ("Add.",), source="livecodebench") for label in ("A>B", "B>A")],
    ),
    "codescaler": (
        [{"question": "Add.", **BOTH, "language": "python"}],
        [FIRST._replace(language="Python")],
    ),
    "cybernative": (
        [
            {"lang": "c++", "vulnerability": "Overflow.", "system": system, "question": "Add.", **BOTH}
            for system in ("", "Be safe.")
        ],
        [
            Expected("", turns, language="C++", aspect="Security Hardness")
            for turns in (("Add.",), ("Be safe.", "Add."))
        ],
    ),
    "hh-rlhf": (
        [{side: f"\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: Add.\n\nAssistant: {text}" for side, text in BOTH.items()}],
        [Expected("", ("Hi", "Hello", "Add."))],
    ),
}  # fmt: skip


def write(folder: Path, rows: Sequence[dict[str, Any]], kind: str) -> Path:
    file = folder / f"data.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), file)
    elif kind == "json":
        file.write_text(json.dumps(rows))
    else:
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def read(row: Preference) -> Expected:
    system = [row.system] if row.system else []
    turns = [turn["content"] for turn in row.messages] if row.messages else [row.input]
    return Expected(
        row.idx, (*system, *turns), row.chosen, row.rejected, row.margin, row.language, row.aspect, row.source
    )


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "json"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_gives_the_expected_rows(tmp_path: Path, name: str, kind: str) -> None:
    rows, expected = FILES[name]
    found = [read(row) for row in PreferenceReader([write(tmp_path, rows, kind)]).preferences()]
    assert [row._replace(id=wanted.id and row.id) for row, wanted in zip(found, expected, strict=True)] == expected
    assert all(row.id for row in found)


@pytest.mark.parametrize("name", FILES)
def test_a_row_that_prefers_no_response_is_a_tie_that_can_be_kept(tmp_path: Path, name: str) -> None:
    rows, expected = FILES[name]
    ties = {"ultrafeedback-binarized": 1, "helpsteer3": 1}
    found = list(PreferenceReader([write(tmp_path, rows, "jsonl")], DataSettings(), keep_ties=True).preferences())
    assert [row.tie for row in found].count(True) == len(found) - len(expected) == ties.get(name, 0)


LANGUAGES = ["JavaScript", "Python", "Ruby"]
ASPECTS = {"RM": "Readability and Maintainability", "EE": "Runtime Efficiency", "SH": "Security Hardness",
           "FC": "Functional Correctness", "ME": "Memory Efficiency"}  # fmt: skip


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Return the path of a file whose criteria and languages are class labels, with a prompt per criterion."""
    names = list(ASPECTS.values())
    rows = [
        {
            "system": f"Judge {names[n % 5]} only." if n % 4 else None, "input": f"Task {n}.", **BOTH,
            "language": n % 3, "aspect": n % 5, "source": "s", "idx": f"i{n}",
        }
        for n in range(20)
    ]  # fmt: skip
    features = {
        name: {"names": labels, "_type": "ClassLabel"} for name, labels in (("language", LANGUAGES), ("aspect", names))
    }
    table = pa.Table.from_pylist(rows)
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "train.parquet")
    return tmp_path / "train.parquet"


def test_class_labels_give_the_expected_rows(published: Path) -> None:
    found = [read(row) for row in PreferenceReader([published]).preferences()]
    names = list(ASPECTS.values())
    assert found == [
        Expected(
            f"i{n}",
            (f"Judge {names[n % 5]} only.", f"Task {n}.") if n % 4 else (f"Task {n}.",),
            language=LANGUAGES[n % 3],
            aspect=names[n % 5],
            source="s",
        )
        for n in range(20)
    ]


def test_the_prompt_set_has_the_five_texts_of_the_system_column(published: Path) -> None:
    found = PromptSet.load(published)
    shorts = {"RM": "R&M"}
    assert dict(found.own) == {shorts.get(short, short): f"Judge {name} only." for short, name in ASPECTS.items()}
    assert found.everything == ()

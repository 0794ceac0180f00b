"""How the answers of a pair are executed."""

from __future__ import annotations

from dataclasses import dataclass, field

from themis_rm.records import Row

DISTINGUISHES = "distinguishes"
"""``Check.expects``: the chosen answer passes and the rejected one fails."""

BOTH_PASS = "both-pass"  # noqa: S105
"""``Check.expects``: both answers are correct, and differ in something that a test does not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Row):
    """How the two answers of one pair are executed: the file they are put in, and what must hold then.

    The file of the answer is ``before + answer + after``. An answer passes if the program ends with exit status 0
    and, where there are inputs, prints the expected output for each of them.

    Attributes:
        id: Id of the pair.
        language: Benchmark name of the language.
        file: Name of the file that holds the answer; empty for the language's default (``main.py``, ``Main.java``).
        before: Text that goes before the answer: imports, the signature that the prompt gives.
        after: Text that goes after the answer: the tests.
        names: Names of further files beside it, relative, in step with ``contents``.
        contents: What these files hold.
        run: File that is run instead of the answer's (``check.py``); one of ``names``.
        inputs: What the program gets on standard input, one run each; empty for one run without input.
        outputs: Expected standard output in step with ``inputs``; white space at the ends of lines and of the whole
            does not count.
        seconds: Limit of wall time for each run.
        chosen_program: Whole program in the place of ``before + chosen + after``, for answers that are excerpts.
        rejected_program: Likewise for the rejected answer.
        packages: Third-party modules that the program imports.
        expects: :data:`DISTINGUISHES` or :data:`BOTH_PASS`.
    """

    id: str
    language: str
    file: str = ""
    before: str = ""
    after: str = ""
    names: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    run: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    seconds: float = 10.0
    chosen_program: str = ""
    rejected_program: str = ""
    packages: list[str] = field(default_factory=list)
    expects: str = DISTINGUISHES

"""Definition of how the responses of a pair are executed."""

from __future__ import annotations

from dataclasses import dataclass, field

from themis_rm.records import Row

DISTINGUISHES = "distinguishes"
"""``Check.expects``: the chosen response passes and the rejected one fails."""

BOTH_PASS = "both-pass"  # noqa: S105
"""``Check.expects``: both responses are correct and differ in something that a test does not measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Row):
    """How the two responses of one pair are executed, and the expected result.

    The response's file contains ``before + response + after``. A response passes if the program ends with exit status
    0, reports that its tests (``run`` or ``after``) were executed to their end, and, if there are inputs, prints the
    expected output for each of them. It must not pass the tests' negative controls, too
    (:mod:`themis_rm.execute.negative_controls`).

    Attributes:
        id: Id of the pair.
        language: Benchmark name of the language.
        file: Name of the file with the response; empty for the language's default (``main.py``, ``Main.java``). A Java
            file is named after its public class in any case.
        before: Text in front of the response: imports, the signature from the prompt.
        after: Text after the response: the tests.
        names: Relative names of further files; the n-th one belongs to the n-th entry of ``contents``.
        contents: Content of these files.
        run: File that is run instead of the response's (``check.py``); one of ``names``.
        inputs: Standard input of the program, one run per entry; empty for one run without input.
        outputs: Expected standard output of each run; white space at the end of each line and blank lines at the
            start and end of the text are ignored.
        tolerance: 0 if the output must be equal. Otherwise words are compared, and numbers may differ by it, absolutely
            or relatively (``1e-6``).
        seconds: Limit of wall time for each run.
        chosen_program: Complete program that replaces ``before + chosen + after``, for responses that are excerpts.
        rejected_program: Likewise for the rejected response.
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
    tolerance: float = 0.0
    seconds: float = 10.0
    chosen_program: str = ""
    rejected_program: str = ""
    packages: list[str] = field(default_factory=list)
    expects: str = DISTINGUISHES

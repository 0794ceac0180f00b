"""Problem statements of IBM CodeNet: HTML pages of two contest sites as plain text, with their sample runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Literal

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from themis_rm.benchmark.sources.source import read_text
from themis_rm.execute.check import BOTH_PASS, Check

STATEMENTS_DIRECTORY = "codenet_problem_descriptions"
"""Name of the directory of the pages, next to the directory of a source that uses its problems."""

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_BLOCKS = frozenset(("p", "div", "section", "ul", "ol", "dl", "dt", "dd", "table", "tr", "center", "blockquote", "hr"))
_INVISIBLE = frozenset(("script", "style", "noscript", "title"))
_SAMPLE = re.compile(r"sample|example|sapmle|例|サンプル", re.IGNORECASE)
_INPUT = re.compile(r"in\s?put|入力", re.IGNORECASE)
_OUTPUT = re.compile(r"out\s?put|ouput|出力", re.IGNORECASE)
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_STRAY_REFERENCE = re.compile(r"&#(?![0-9xX])")
"""Start of a numeric character reference without a number (drawings of maps), at which the parser would stop."""
_LETTER = re.compile(r"[^\W\d_]")
_SEVERAL_ANSWERS = re.compile(
    r"\b(?:any (?:one )?of (?:them|the)|any (?:solution|answer|order)|(?:multiple|several|more than one) (?:\w+ )?"
    r"(?:solution|answer|output|way|possib|string|sequence|pair)|error of|absolute or relative|relative or absolute|"
    r"error (?:must|should|is|does|less|at most|within)|will be accepted|margin of error)",
    re.IGNORECASE,
)
"""Phrases of statements that accept other outputs than the sample's."""


@dataclass(frozen=True, slots=True)
class ProblemStatement:
    """A contest problem.

    Attributes:
        text: The statement as plain text, including its samples.
        samples: Pairs of input and expected output.
        english: Whether it is in English; some statements are in Japanese only.
        has_figures: Whether the page has figures, which ``text`` lacks.
    """

    text: str
    samples: tuple[tuple[str, str], ...]
    english: bool
    has_figures: bool

    def to_prompt(self, language: str) -> str:
        """Return a prompt for a program in a language (its ordinary name); empty for a statement not in English."""
        if not self.english:
            return ""
        request = (
            f"Write a {language} program that solves this problem. It reads standard input and writes standard output."
        )
        return f"{request}\n\n{self.text}"

    def to_check(self, language: str, seconds: float, packages: list[str]) -> Check | None:
        """Return a check that runs two correct programs on the samples.

        There is none without samples, or where the statement accepts several outputs.

        Args:
            language: Benchmark name.
            seconds: Time limit of each run.
            packages: Third-party modules that the programs import.
        """
        if not self.samples or _SEVERAL_ANSWERS.search(self.text):
            return None
        return Check(
            id="",
            language=language,
            inputs=[given for given, _ in self.samples],
            outputs=[expected for _, expected in self.samples],
            seconds=seconds,
            packages=packages,
            expects=BOTH_PASS,
        )


@lru_cache(maxsize=8192)
def load_statement(directory: Path, problem: str) -> ProblemStatement | None:
    """Return the statement of a problem, or ``None`` where there is no page of it.

    Args:
        directory: Directory of the pages (``codenet_problem_descriptions``), which need not exist.
        problem: Id of the problem, such as ``p00001``.
    """
    if not re.fullmatch(r"p\d{5}", problem):
        return None
    path = directory / "problem_descriptions" / f"{problem}.html"
    return parse_statement(read_text(path)) if path.is_file() else None


def parse_statement(page: str) -> ProblemStatement:
    """Return the statement of a page; where a page has two languages, the English part."""
    page = _STRAY_REFERENCE.sub("&amp;#", page)
    english = page.find('<span class="lang-en">')
    renderer = _PageRenderer()
    renderer.render(BeautifulSoup(page[max(0, english) :], "html.parser"))
    text = re.sub(r"[ \t]+\n", "\n", "".join(renderer.parts))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    letters = len(_LETTER.findall(text))
    return ProblemStatement(
        text=text,
        samples=tuple(renderer.samples),
        english=len(_JAPANESE.findall(text)) <= 0.1 * letters,
        has_figures=renderer.has_figures,
    )


class _PageRenderer:
    """Renders the tree of a page as plain text and collects its sample runs."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.samples: list[tuple[str, str]] = []
        self.has_figures = False
        self._expected: Literal["input", "output", ""] = ""
        self._input: str | None = None
        self._verbatim = False

    def render(self, tag: Tag) -> None:
        """Append the text of a tag's children."""
        for child in tag.children:
            if isinstance(child, Tag):
                self._render_tag(child)
            elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):  # no comment
                self._add(child if self._verbatim else re.sub(r"\s+", " ", child))

    def _render_tag(self, tag: Tag) -> None:
        match tag.name:
            case "sup" | "sub":
                self._render_script(tag)
            case "img":
                self.has_figures = True
                self.parts.append("[figure]")
            case "br":
                self._add("\n")
            case "pre":
                self._render_preformatted(tag)
            case name if name in _HEADINGS:
                self._expected = _classify_heading(_heading_text(tag))
                self._render_block(tag, "\n\n## ", "\n\n")
            case "li":
                self._render_block(tag, "\n- ", "")
            case "td" | "th":
                self.render(tag)
                self._add(" ")
            case name if name in _BLOCKS:
                gap = "\n" if name == "tr" else "\n\n"
                self._render_block(tag, gap, gap)
            case name if name not in _INVISIBLE:
                self.render(tag)

    def _render_block(self, tag: Tag, before: str, after: str) -> None:
        gaps = ("", "") if self._verbatim else (before, after)
        self.parts.append(gaps[0])
        self.render(tag)
        self.parts.append(gaps[1])

    def _add(self, text: str) -> None:
        """Append text; outside of code blocks without white space that follows other white space."""
        if self._verbatim:
            self.parts.append(text)
        elif text.strip() or text == "\n" or (self.parts and not self.parts[-1].endswith((" ", "\n"))):
            starts_line = not self.parts or self.parts[-1].endswith("\n")
            self.parts.append(text.lstrip(" ") if starts_line else text)

    def _render_script(self, tag: Tag) -> None:
        """Append a superscript or subscript in TeX notation (``10^9``, ``a_{10}``)."""
        start = len(self.parts)
        self.render(tag)
        script = "".join(self.parts[start:])
        del self.parts[start:]
        mark = "^" if tag.name == "sup" else "_"
        marked = f"{mark}{script}" if len(script) <= 1 else f"{mark}{{{script}}}"
        self.parts.append(marked if script.strip() else script)

    def _render_preformatted(self, tag: Tag) -> None:
        """Append a code block, and keep its text if the heading above it announced a sample."""
        start = len(self.parts)
        self._verbatim = True
        self.render(tag)
        self._verbatim = False
        # HTML ignores a line end right after <pre>.
        shown = "".join(self.parts[start:]).removeprefix("\n")
        self.parts[start:] = ["\n\n```\n", shown, "```\n\n" if shown.endswith("\n") else "\n```\n\n"]
        self._keep_sample(_raw_text(tag).strip("\n") + "\n")

    def _keep_sample(self, text: str) -> None:
        if self._expected == "input":
            self._input = text
        elif self._expected == "output" and self._input is not None:
            self.samples.append((self._input, text))
            self._input = None
        self._expected = ""


def _heading_text(tag: Tag) -> str:
    """Return the text of a heading; one that is never closed contains the blocks after it, which do not count."""
    blocks = _HEADINGS | _BLOCKS | {"pre"}
    inline = takewhile(lambda child: not isinstance(child, Tag) or child.name not in blocks, tag.children)
    return " ".join("".join(child.get_text() for child in inline).split())


def _raw_text(tag: Tag) -> str:
    """Return the text of a tag without any markup; exponents keep no mark."""
    return "".join(
        item if isinstance(item, NavigableString) else "\n"
        for item in tag.descendants
        if isinstance(item, NavigableString) or (isinstance(item, Tag) and item.name == "br")
    )


def _classify_heading(heading: str) -> Literal["input", "output", ""]:
    """Return whether the code block below a heading is the ``input`` or ``output`` of a sample; empty for neither."""
    if not _SAMPLE.search(heading):
        return ""
    if re.match(r"(?:output|出力)\s+for\s", heading, re.IGNORECASE):
        return "output"
    has_input, has_output = _INPUT.search(heading) is not None, _OUTPUT.search(heading) is not None
    if has_input == has_output:
        return ""
    return "input" if has_input else "output"

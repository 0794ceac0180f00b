"""Problem statements of IBM CodeNet: the HTML pages of two contest sites as text, with their sample runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

from themis_rm.benchmark.sources.source import read_text
from themis_rm.execute.check import BOTH_PASS, Check

NEIGHBOUR = "codenet_problem_descriptions"
"""Folder of the pages, beside the folder of a source whose problems they state."""

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_BLOCKS = frozenset(("p", "div", "section", "ul", "ol", "dl", "dt", "dd", "table", "tr", "center", "blockquote", "hr"))
_SILENT = frozenset(("script", "style", "noscript", "title"))
_SAMPLE = re.compile(r"sample|example|sapmle|例|サンプル", re.IGNORECASE)
_INPUT = re.compile(r"in\s?put|入力", re.IGNORECASE)
_OUTPUT = re.compile(r"out\s?put|ouput|出力", re.IGNORECASE)
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_SEVERAL = re.compile(
    r"\b(?:any (?:one )?of (?:them|the)|any (?:solution|answer|order)|(?:multiple|several|more than one) (?:\w+ )?"
    r"(?:solution|answer|output|way|possib|string|sequence|pair)|error of|absolute or relative|relative or absolute|"
    r"error (?:must|should|is|does|less|at most|within)|will be accepted|margin of error)",
    re.IGNORECASE,
)
"""How statements say that an output is right which is not the sample's, letter for letter."""
_LONG = 1


@dataclass(frozen=True, slots=True)
class Statement:
    """A problem.

    Attributes:
        text: The statement as plain text; samples included.
        samples: Pairs of input and expected output.
        english: Whether it is in English; some are in Japanese alone.
        whole: Whether text says it all: a page with figures does not.
    """

    text: str
    samples: tuple[tuple[str, str], ...]
    english: bool
    whole: bool

    def prompt(self, language: str) -> str:
        """Return it as a request for a program in a language (its ordinary name); empty where it is not English."""
        if not self.english:
            return ""
        ask = (
            f"Write a {language} program that solves this problem. It reads standard input and writes standard output."
        )
        return f"{ask}\n\n{self.text}"

    def check(self, language: str, seconds: float, packages: list[str]) -> Check | None:
        """Return how two correct programs are run on the samples.

        There is no check where there are no samples, or where the statement lets several outputs be right.

        Args:
            language: Benchmark name.
            seconds: Limit of each run.
            packages: Third-party modules that the programs import.
        """
        if not self.samples or _SEVERAL.search(self.text):
            return None
        inputs, outputs = ([pair[side] for pair in self.samples] for side in (0, 1))
        return Check(
            id="",
            language=language,
            inputs=inputs,
            outputs=outputs,
            seconds=seconds,
            packages=packages,
            expects=BOTH_PASS,
        )


@lru_cache(maxsize=8192)
def statement(folder: Path, problem: str) -> Statement | None:
    """Return the statement of a problem, or ``None`` where there is no page of it.

    Args:
        folder: The pages' folder (``codenet_problem_descriptions``), which need not be there.
        problem: Its id, such as ``p00001``.
    """
    if not re.fullmatch(r"p\d{5}", problem):
        return None
    path = folder / "problem_descriptions" / f"{problem}.html"
    return parsed(read_text(path)) if path.is_file() else None


def parsed(page: str) -> Statement:
    """Return what a page says."""
    reader = _Page()
    # Pages in two languages hold each in a span of its own.
    english = re.search(r'<span class="lang-en">', page)
    reader.feed(page[english.start() :] if english else page)
    reader.close()
    text = re.sub(r"[ \t]+\n", "\n", "".join(reader.parts))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    letters = len(_LETTER.findall(text))
    return Statement(
        text=text,
        samples=tuple(reader.samples),
        english=len(_JAPANESE.findall(text)) <= 0.1 * letters,
        whole=not reader.figures,
    )


class _Page(HTMLParser):
    """Collects text and samples; what HTML calls an error (a closing tag too many) passes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.samples: list[tuple[str, str]] = []
        self.figures = 0
        self._silent = 0
        self._pre: list[str] | None = None
        self._heading: list[str] | None = None
        self._expects = ""
        self._input: str | None = None
        self._script: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in ("sup", "sub"):
            self._script.append((tag, len(self.parts)))
        elif tag == "img":
            self.figures += 1
            self.parts.append("[figure]")
        elif tag == "br":
            self._add("\n")
        elif tag == "pre":
            self._break("\n\n```\n")
            self._pre = []
        elif tag in _HEADINGS:
            self._break("\n\n## ")
            self._heading = []
        elif tag == "li":
            self._break("\n- ")
        elif tag in _BLOCKS:
            self._break("\n" if tag == "tr" else "\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in ("sup", "sub") and self._script:
            self._close_script()
        elif tag == "pre" and self._pre is not None:
            self._close_pre("".join(self._pre))
        elif tag in _HEADINGS and self._heading is not None:
            self._expects = _expected(" ".join("".join(self._heading).split()))
            self._heading = None
            self._break("\n\n")
        elif tag in ("td", "th"):
            self._add(" ")
        elif tag in _BLOCKS and tag != "li":
            self._break("\n" if tag == "tr" else "\n\n")

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._heading is not None:
            self._heading.append(data)
        if self._pre == []:
            data = data.removeprefix("\n")  # HTML takes no notice of a line's end right behind <pre>
        self._add(data if self._pre is not None else re.sub(r"\s+", " ", data))

    def _add(self, text: str) -> None:
        if self._pre is not None:
            self._pre.append(text)
            self.parts.append(text)
        elif text.strip() or text == "\n" or (self.parts and not self.parts[-1].endswith((" ", "\n"))):
            starts_line = not self.parts or self.parts[-1].endswith("\n")
            self.parts.append(text.lstrip(" ") if starts_line else text)

    def _break(self, text: str) -> None:
        """Begin a new block; inside preformatted text tags mean nothing."""
        if self._pre is None:
            self.parts.append(text)

    def _close_script(self) -> None:
        tag, start = self._script.pop()
        held = "".join(self.parts[start:])
        del self.parts[start:]
        mark = "^" if tag == "sup" else "_"
        text = f"{mark}{held}" if len(held) <= _LONG else f"{mark}{{{held}}}"
        self.parts.append(text if held.strip() else held)

    def _close_pre(self, text: str) -> None:
        self._pre = None
        self.parts.append("```\n\n" if text.endswith("\n") else "\n```\n\n")
        text = text.strip("\n") + "\n"
        if self._expects == "input":
            self._input = text
        elif self._expects == "output" and self._input is not None:
            self.samples.append((self._input, text))
            self._input = None
        self._expects = ""


def _expected(heading: str) -> str:
    """Return what the preformatted text below a heading is: ``input`` or ``output`` of a sample, or empty."""
    if not _SAMPLE.search(heading):
        return ""
    if re.match(r"(?:output|出力)\s+for\s", heading, re.IGNORECASE):
        return "output"
    kinds = (_INPUT.search(heading) is not None, _OUTPUT.search(heading) is not None)
    return {(True, False): "input", (False, True): "output"}.get(kinds, "")

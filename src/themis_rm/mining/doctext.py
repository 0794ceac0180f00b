"""Convert documentation comments to prose, without the markup of Javadoc, Doxygen, XML, RDoc or Sphinx."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Sequence

from themis_rm.languages import Documentation, Language

MIN_WORDS, MAX_CHARACTERS = 4, 900

_MARKERS = re.compile(r"^\s*(?:/\*+!?<?|///?[/!]?<?|\*+/|\*(?!\*)|#+'?|=begin|=end)\s?")
_QUOTES = re.compile(r"""^[rRuU]{0,2}(\"\"\"|'''|"|')(.*)\1$""", re.DOTALL)

# A line that starts with one of these ends the prose: parameters, types or examples follow.
_TAG_LINE = re.compile(
    r"^\s*(?:[@\\](?!brief|details|short|desc|description|summary|return|returns|link|code|p\b|c\b|a\b|ref\b)\w+"
    r"|:(?:param|type|rtype|raises?|raise|keyword|var|ivar|arg|args|call-seq)\b"
    r"|(?:args|arguments|parameters|params|returns?|yields?|raises|throws|example|examples|usage|notes?|see also"
    r"|attributes|background|references|options|keyword args|keyword arguments|warnings?|todo|fixme)\s*:?\s*:?\s*$"
    r"|(?:args|arguments|parameters|examples?|usage|todo|fixme|hack|xxx|input|output|inputs|outputs)\s*:"
    r"|[*\w]+ +- +\S|>>>|\.\. \w+|-{3,}|={3,}|~{3,}|```|=== )",
    re.IGNORECASE,
)
_RETURNS = re.compile(r"^\s*(?:[@\\]returns?|:returns?:)\s*(?:\{[^}]*\}|\[[^\]]*\])?\s*[-:]?\s*(.*)$", re.IGNORECASE)
_LEAD_TAG = re.compile(r"^\s*[@\\](?:brief|details|short|desc|description|summary)\b\s*", re.IGNORECASE)
_INLINE_TAG = re.compile(r"\{@(?:code|link|linkplain|literal|value)\s+([^{}]*)\}")
_XML_NAMED = re.compile(r"<(?:see|seealso|paramref|typeparamref)\s+(?:cref|name|langword|href)=\"([^\"]*)\"\s*/?>")
_XML_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.DOTALL)
_XML_RETURNS = re.compile(r"<returns>(.*?)</returns>", re.DOTALL)
_HTML = re.compile(r"</?(?:p|br|b|i|em|strong|code|c|tt|pre|ul|ol|li|para|see|a|remarks|value|blockquote)\b[^<>]*/?>")
_DOXYGEN_WORD = re.compile(r"[@\\](?:p|c|a|ref|e|em|b)\s+(\S+)")
_ROLE = re.compile(r":[a-z:]{1,50}:`~?([^`]*)`")
_UNINFORMATIVE = re.compile(
    r"copyright|licen[cs]e|\{@inheritdoc\}|<inheritdoc|@inheritdoc|eslint-|nolint|noinspection|rubocop:|type:\s*ignore"
    r"|pylint:|clang-format|^\s*(?:todo|fixme|xxx|hack)\b|:nodoc:|deprecated",
    re.IGNORECASE,
)
_LINK = re.compile(r"\(?https?://\S+")
_WORD = re.compile(r"[A-Za-z]{2,}")


def clean_doc(raw: Sequence[str], documentation: Documentation) -> str:
    """Return documentation as plain prose, or an empty string if it is uninformative.

    The prose ends before the first list of parameters or example. The description of the return value is kept as a
    sentence. The result has at most :data:`MAX_CHARACTERS` characters and ends with a complete paragraph or sentence.

    Args:
        raw: Source text of the docstring, or of each comment in order, with its markers.
        documentation: How the language writes documentation.
    """
    text = _unquoted(raw[0]) if documentation.docstring_quotes else "\n".join(_without_markers(part) for part in raw)
    if _UNINFORMATIVE.search(text):
        return ""
    summary, returns = _XML_SUMMARY.search(text), _XML_RETURNS.search(text)
    if summary:
        text = summary[1] + (f"\n@returns {' '.join(returns[1].split())}" if returns and returns[1].strip() else "")
    text = _paragraphs(_without_markup(text), documentation.headings)
    return text if len(_WORD.findall(_LINK.sub("", text))) >= MIN_WORDS and _is_mostly_prose(text) else ""


def _unquoted(literal: str) -> str:
    match = _QUOTES.match(literal.strip())
    return inspect.cleandoc(match[2]) if match else ""


def _without_markers(comment: str) -> str:
    lines = comment.strip().removesuffix("*/").split("\n")
    return inspect.cleandoc("\n" + "\n".join(_MARKERS.sub("", line).rstrip() for line in lines))


def _without_markup(text: str) -> str:
    text = _INLINE_TAG.sub(r"\1", text)
    text = _XML_NAMED.sub(lambda match: re.sub(r"^[A-Z]:", "", match[1]), text)
    text = _DOXYGEN_WORD.sub(r"\1", _ROLE.sub(r"\1", text))
    return html.unescape(_HTML.sub("", text))


def _paragraphs(text: str, headings: str) -> str:
    kept: list[list[str]] = [[]]
    returned = ""
    prose = True
    for line in text.split("\n"):
        returns = _RETURNS.match(line)
        if returns:
            returned = returned or returns[1].strip()
            prose = False
        elif _TAG_LINE.match(line) or (headings and re.match(headings, line)):
            prose = False
        elif prose and line.strip():
            kept[-1].append(_LEAD_TAG.sub("", line).strip())
        elif prose:
            kept.append([])
    paragraphs = [" ".join(lines) for lines in kept if lines]
    if returned and not re.fullmatch(r"[\w.<>\[\]*&|]*", returned):
        first = returned.split(". ")[0].rstrip(".")
        already = paragraphs and first.casefold() in paragraphs[0].casefold()
        paragraphs += (
            [] if already else [f"It returns {first[0].lower() + first[1:] if first[:2].istitle() else first}."]
        )
    return _shortened([_punctuated(paragraph) for paragraph in paragraphs])


def _punctuated(paragraph: str) -> str:
    return paragraph.rstrip(":") + ("" if paragraph[-1] in ".!?)`'\";," else ".")


def _shortened(paragraphs: list[str]) -> str:
    kept: list[str] = []
    left = MAX_CHARACTERS
    for paragraph in paragraphs:
        if len(paragraph) > left:
            if not kept:
                kept.append(paragraph[:left].rsplit(". ", 1)[0].rstrip(".") + ".")
            break
        kept.append(paragraph)
        left -= len(paragraph)
    return "\n\n".join(kept)


def _is_mostly_prose(text: str) -> bool:
    letters = sum(ch.isascii() and (ch.isalpha() or ch.isspace()) for ch in text)
    return letters >= 0.75 * len(text)


_TEMPLATES = (
    "Write this function in {language}:\n\n```{fence}\n{signature}\n```\n\n{doc}",
    "{doc}\n\nImplement this in {language}, with the signature `{signature}`.",
    "I need a {language} function `{signature}` that does the following.\n\n{doc}",
    "How would you implement `{signature}` in {language}?\n\n{doc}",
)
_LONGEST_SIGNATURE = 240


def build_instruction(doc: str, signature: str, language: Language, identity: str) -> str:
    """Return an instruction that asks for the documented function.

    Args:
        doc: Cleaned documentation.
        signature: Signature of the function on one line; omitted if it is very long.
        language: Language of the function.
        identity: Hexadecimal id of the function, which selects the wording.
    """
    if not signature or len(signature) > _LONGEST_SIGNATURE:
        return f"{doc}\n\nImplement this in {language.name}."
    wording = _TEMPLATES[int(identity[:8], 16) % len(_TEMPLATES)]
    if "`" in signature:
        wording = _TEMPLATES[0]
    return wording.format(language=language.name, fence=language.fence, signature=signature, doc=doc)

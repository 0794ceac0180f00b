"""what the form of a commit's subject says: topics without a criterion, fixes, removals, and documents."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Topic:
    """Subjects about something without a criterion.

    Attributes:
        pattern: Finds the topic in a prepared subject.
        excludes: Criteria that such a commit does not get.
        unless: Finds subjects that are about more than the topic.
    """

    pattern: re.Pattern[str]
    excludes: frozenset[str]
    unless: re.Pattern[str] | None = None

    def is_in(self, title: str) -> bool:
        """Return whether a prepared subject is about the topic alone."""
        return bool(self.pattern.search(title)) and not (self.unless and self.unless.search(title))


def _words(words: str) -> str:
    """Return a pattern of alternatives, which are written apart by blanks; ``_`` is a blank in one."""
    return "(?:" + "|".join(words.split()).replace("_", " ") + ")"


def _topic(pattern: str, excludes: str, unless: str = "") -> Topic:
    return Topic(re.compile(pattern), frozenset(excludes.split()), re.compile(unless) if unless else None)


_SCOPE = r"^(?:[\w\s,/.()*&+-]{0,40}: ?)?"  # "win, unix: ", "fix(parser): "
_FIXING = _words(
    r"fix(?:e[sd]|ing)? repair\w* resolv\w+ silenc\w+ suppress\w* quiet\w* avoid\w* address\w* eliminat\w+"
    r" get_rid_of remov\w+"
)
_BUILDS = _words(r"builds? compil(?:e|es|ation|ing) compiler linking linker link_error")
_TOOLS = _words(r"build ci travis appveyor jenkins cmake gyp makefile autotools ant maven gradle")
_WARNINGS = _words(r"\bwarnings?\b -w[a-z]+-[a-z-]+ maybe-uninitialized \bmsvc\b \bgcc\b implicit_declaration")
_TESTS = _words(r"tests? specs? unit_?tests? test_?cases? testing fixtures? benchmarks? examples? demos? samples?")
_WORDING = _words(r"typos? spelling grammar misspell\w* wording changelog readme")
_DOCUMENTATION = _words(r"docs? documentation docstrings? javadocs? jsdoc rdoc comments? licen[cs]e copyright")
_TEXTS = _words("error exception log warning failure assertion debug help") + " " + _words("messages? texts? output")
_MERGING = _words(r"errors? mistakes? conflicts? issues? problems? fail\w* branch")
_ADDING = _words(
    r"add(?:s|ed|ing)? implement\w* introduc\w+ support\w* allow\w* enabl\w+ provid\w+ expos\w+ honou?r\w* register\w*"
    r" creat(?:e|es|ed|ing)"
)
_REPAIRING = _words(
    r"\bfix \bbugs?\b \bmissing\b \bchecks?\b \bguards?\b \bcrash \bhandl \bcomments?\b \bdocs?\b \btype_hints?\b"
)
_ABOUT_TESTS = _topic(rf"\b{_TESTS}\b", "FC EE ME SH")
_ADDITION = _topic(rf"^(?:[\w,/.-]+: ?)?{_ADDING}\b", "FC R&M", _REPAIRING)
TOPICS = (
    _topic(_WARNINGS, "FC ME SH R&M", "deprecat"),
    _topic(rf"\b{_FIXING}\b.*\b{_BUILDS}\b", "FC SH R&M"),
    _topic(rf"^(?:\w+[:,] ?)*{_TOOLS}\b[:,]?", "FC ME SH"),
    _ABOUT_TESTS,
    _topic(rf"\b{_WORDING}\b", "FC EE ME SH"),
    _topic(rf"\b{_DOCUMENTATION}\b", "FC EE ME SH"),
    _topic(rf"\b{_TEXTS}\b", "FC SH R&M", r"\bcrash|\bwhen\b"),
    _topic(rf"\bmerg(?:e|ed|ing)\b.*\b{_MERGING}\b|\bbad (?:merge|rebase)|\brebase\b", "FC EE ME R&M SH"),
    _topic(r"\b(?:bump|version|release)\b.*\d+\.\d|\bnow working on\b|\brevert", "FC EE ME R&M SH"),
    _topic(r"\b(?:duplicates?|duplicated|unused|dead|obsolete)\b", "SH"),
    _ADDITION,
)
"""Topics that terms of criteria are taken for: warnings, builds, tests, typos, documents, texts, merges, releases,
removals of code, and features."""

_FIX = re.compile(_SCOPE + r"(?:(?:bug|hot)-?)?fix(?:e[sd]|ing)?\b|\bfix(?:e[sd]|ing)?\b.{0,60}$")
_OTHER_FIX = re.compile(
    r"\bfix\w*\b.*\b"
    + _words(
        r"leak(?:s|y)? performance perf slow\w* vulnerab\w+ security xss csrf injection cve redos style formatting"
        r" indent\w* whitespace naming names? lint\w* rubocop pylint checkstyle links? urls? version dependenc\w+"
    )
    + r"\b"
)
_PREVENTION = re.compile(
    _SCOPE
    + _words(
        r"don.t do_not ensure\w* make_sure prevent\w* handl\w+ check\w* respect\w* correct\w* guard\w* catch\w* safer"
        r" accept\w* consider\w* never only forbid\w* reject\w* suppress\w* work_with account_for"
        r" use_[\w_]+_(?:if|when|instead)"
    )
    + r"\b|\b(?:shouldn.t|should not|must not)\b"
)
_FIX_IN_BODY = re.compile(
    r"\bfix(?:es|ed)? (?:the|an?|this|that)\b.{0,50}?\b"
    + _words(r"issues? bugs? problems? cases? errors? crash\w* regression hang")
    + r"\b"
)
_REMOVAL = re.compile(
    r"^(?:[\w,/.-]+: ?)?"
    + _words(r"remov\w+ delet\w+ drop\w* get_rid_of kill\w* prune\w* strip\w* discard\w*")
    + r"\b(?!.*\b"
    + _words(r"support feature option api deprecated assert\w* limit\w* bad bogus wrong incorrect broken")
    + r"\b)"
)
_DOCUMENTS = re.compile(
    r"\b"
    + _words(
        r"docs? documentation docstrings? comments? whitespace typos? style jsdoc indent\w* formatting rdoc javadocs?"
    )
    + r"\b"
)
_SPEED = re.compile(
    r"\b" + _words(r"slow\w* performance perf speed\w* fast\w* quadratic latency throughput cpu memory leaks?") + r"\b"
)
_SPEED_IN_BODY = re.compile(
    r"\b(?:improv\w+|for|better|increas\w+) (?:the )?performance\b|\b\d+(?:\.\d+)?(?:x| ?%| times) faster\b"
    r"|^(?:this )?speeds? up\b"
)
_SECURITY_IN_BODY = re.compile(
    r"\bcve-\d|\bvulnerabilit|\bredos\b|\bmalicious (?:users?|clients?|requests?|input)\b"
    r"|\battackers?\b(?!. control)"
)
_NO_SECURITY = re.compile(r"\bnot\b.{0,40}\bsecurity")
_last_texts = lru_cache(maxsize=4)  # a message is labeled for several sets of features


@_last_texts
def excluded_criteria(title: str, of_tests: bool = False) -> frozenset[str]:
    """Return the criteria that a prepared subject excludes by its topics.

    Args:
        title: The prepared subject.
        of_tests: Whether the commit changes a test. Then the criteria are about the test itself: memory and security
            are excluded, correctness and speed too unless the subject names tests, and a test for a bug is an addition.
    """
    if not of_tests:
        return frozenset(short for topic in TOPICS if topic.is_in(title) for short in topic.excludes)
    found = {short for topic in TOPICS if topic is not _ABOUT_TESTS and topic.is_in(title) for short in topic.excludes}
    found |= {"ME", "SH"} if _ABOUT_TESTS.is_in(title) else _ABOUT_TESTS.excludes
    return frozenset(found | (_ADDITION.excludes if _ADDITION.pattern.search(title) else set()))


@_last_texts
def is_fix(title: str) -> bool:
    """Return whether a prepared subject says that something is fixed, other than speed, security or style."""
    return bool(_FIX.search(title)) and not _OTHER_FIX.search(title)


def is_fix_of_speed(title: str) -> bool:
    """Return whether a prepared subject of a fix is about speed or memory."""
    return bool(_SPEED.search(title))


@_last_texts
def is_prevention(title: str, text: str) -> bool:
    """Return whether a message says that something wrong no longer happens, in the subject or as a fix in the body."""
    return bool(_PREVENTION.search(title) or _FIX_IN_BODY.search(text))


def is_removal(title: str, features: Collection[str]) -> bool:
    """Return whether a commit removes code and adds none."""
    return "only-removes" in features and bool(_REMOVAL.search(title))


def is_documentation(title: str, features: Collection[str]) -> bool:
    """Return whether a commit is about comments or layout and changes nothing else."""
    return not {"only-comments", "only-layout"}.isdisjoint(features) and bool(_DOCUMENTS.search(title))


@_last_texts
def is_about_speed(text: str) -> bool:
    """Return whether a prepared body says that the change is for speed."""
    return bool(_SPEED_IN_BODY.search(text))


@_last_texts
def is_about_security(text: str) -> bool:
    """Return whether a prepared body names a vulnerability or an attacker."""
    return bool(_SECURITY_IN_BODY.search(text)) and not _NO_SECURITY.search(text)

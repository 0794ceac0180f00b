"""Recognize boilerplate commit messages, and references to pull requests and reverts."""

from __future__ import annotations

import re

_FILE_NOUN = (
    r"(?:readme|change ?log|changes|news|history|licen[cs]e|authors|contributors|credits|to-?do|\.?gitignore"
    r"|docs?|documentation)"
)
_DONE = r"(?:e?d|ing|s|es)?"

_BOILERPLATE = re.compile(
    "|".join(
        (
            # unfinished work and saving
            r"\[?(?:wip|work in progress|work-in-progress|tmp|temp)\b.*",
            r"(?:fixup|squash|amend)! .*",
            r"(?:auto(?:matic)?[- ]?(?:commit|save|sync|update)|(?:daily|nightly|weekly|quick|test|dummy) commit)s?.*",
            r"(?:backup|checkpoint|snapshot|save|saving|saved)(?: (?:work|progress|state|changes|point|commit))?",
            # first commits
            r"(?:the )?(?:(?:very )?first|initial|second|final|last|latest|new|another|empty)"
            r" (?:commit|import|check-?in|revision|upload|push|release|version|try|attempt)"
            r"(?: (?:of|for|from|to|on|in|with)\b.{0,40}| \d+)?",
            r"(?:add(?:ed)?|upload(?:ed)?) (?:all )?files(?: via upload)?",
            # no message
            r"\**\s*(?:empty log message|no (?:commit )?(?:message|comment)|commit message|see changelog)\s*\**",
            r"(?:some |more |a few |few |several |various |misc(?:ellaneous)? |minor |small |little |tiny |other "
            r"|general |random |further |additional )+(?:(?:bug|code|small|minor|style|formatting) ?)*"
            r"(?:changes?|updates?|fix(?:es)?|tweaks?|edits?|improvements?|modifications?|adjustments?|stuff|things"
            r"|work|bugs?|cleanups?)",
            r"(?:bug ?fix(?:es)?|fix(?:ed|es)? (?:some )?(?:bugs?|stuff|things|issues?|it|this|problems?)"
            r"|updates? (?:code|files?|stuff|project))(?: (?:and|&) (?:improvements?|cleanups?|tweaks?|changes))?",
            r"(?:apply|applied|address(?:ed)?|incorporated?|ma(?:k|d)e)(?: \w+){0,2} (?:suggestions?|suggested changes"
            r"|(?:code )?review|feedback|comments?|requested (?:changes|updates))(?: from.*| by.*| on.*)?",
            r"fix(?:ed|es)?(?: \w+)? (?:review (?:comments?|nits?)|nits?|pr comments?)",
            r"\[?(?:ci skip|skip ci)\]?",
            # merges and syncs
            r"merg(?:e|ed|ing)(?: (?:branch(?:es)?|pull|prs?|remote|tag|commit|changes|master|main|trunk|develop"
            r"|upstream|in|with|from|conflicts?|request)\b.*| #\d+.*)?",
            r"(?:fix(?:ed)?|resolv(?:e|ed|ing)) (?:merge )?conflicts?.*",
            r"sync(?:ed|ing)?(?: up)? (?:with|from|to) (?:upstream|master|main|trunk|origin)\b.*",
            # releases and version numbers
            rf"(?:bump|increment|increase|up|update|change|set|raise|adjust|fix){_DONE}(?: the| up)?"
            r"(?: \w+){0,2} version(?:s| numbers?| strings?| info)?"
            r"(?: (?:in|to|for|from|number)\b.{0,30}| v?\d.{0,20})?",
            r"version(?: number)? (?:bump|update|change)s?.{0,30}",
            rf"(?:bump{_DONE}|release{_DONE}|releasing|tag{_DONE}|tagging|cut|version|start|begin|mark)?"
            r"(?: (?:to|for|version|release))*:?\s*v?\d+(?:\.\d+)+(?:\.x)?[-.+ ]?(?:(?:rc|alpha|beta|a|b|dev|pre|post"
            r"|snapshot|final|release)[-. ]?\d*)?(?: (?:release|version|dev(?:elopment)?|final))*(?: \(?#\d+\)?)?",
            r"prepar(?:e|ed|ing)?(?: for)?(?: the)?(?: next)? (?:release|dev\w*|version|v?\d+\.\d).*",
            r"\[(?:maven-release-plugin|gradle release plugin)\].*",
            r"(?:back to|next|new|begin|start) (?:dev\w*|snapshot)(?: (?:version|iteration|cycle))?.*",
            # dependency bots
            r"(?:\w+(?:\([^)]*\))?!?: )?(?:bump|upgrade|update)s? \S+(?: \S+)? (?:from v?\d\S*|requirement .*)"
            r" to \S+.*",
            r"(?:\w+(?:\([^)]*\))?!?: )?bump the \S+ group.* with \d+ updates?.*",
            r"(?:update|upgrade|bump)s?d?(?: \w+)?"
            r" (?:dependenc(?:y|ies)|deps?|requirements|lock ?file|hooks|submodules?)",
            r"pre-commit auto-?update",
            # files that are not code
            rf"(?:{_FILE_NOUN}) ?(?:update{_DONE}|change{_DONE}|fix(?:es|ed)?|edit{_DONE})?",
            rf"(?:minor |small )?(?:update|edit|change|fix|add|tweak|modif(?:y|ied)|clean){_DONE}"
            rf"(?: up)?(?: the| to| in)? {_FILE_NOUN}(?:\.\w+)?(?: (?:entry|entries|list|page|site))?",
            rf"(?:update|bump|fix|change|extend){_DONE}(?: the)? copyrights?(?: (?:year|date|notice|header)s?)?"
            r"(?: (?:to|for|in) .*)?",
            # default messages of web editors
            r"(?:updated?|created?|deleted?|renamed?|added?) [^\s,;]*[\w/]\.\w{1,8}",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)
_PREFIX = re.compile(
    r"^(?:(?::\w+:\s*)+|\[[^\]]{1,20}\]|(?:chore|docs?|build|ci|release|misc)(?:\([^)]*\))?!?:)\s*", re.IGNORECASE
)
_FRAME = " .!:;,-~*#'\""
_REVERT = re.compile(r"\s*(?:revert(?:s|ed|ing)?\b|this reverts commit\b|back(?:ed|s|ing)? ?out\b)", re.IGNORECASE)

_PULL_REQUEST = re.compile(
    rb"merge (?:of )?pull[ -]requests? #?\d"  # GitHub, Bitbucket Server
    rb"|merged? .*\(pull request #\d+\)"  # Bitbucket
    rb"|pull request #\d+:"
    rb"|merged pr \d+:"  # Azure
    rb"|(?:auto |rollup )?merge(?: of)? (?:prs? )?#\d+"  # bors and similar bots
    rb"|merge [^\n]*\(#\d+\)\s*(?:\n|\Z)",
    re.IGNORECASE,
)
_MERGE_REQUEST = re.compile(rb"^See merge request \S*!\d+\s*$", re.IGNORECASE | re.MULTILINE)  # GitLab
_SQUASH = re.compile(rb"\(#\d+\)$|^Merged PR \d+: ")
_REVERTS_HASH = re.compile(rb"[Tt]his reverts commit[ \t\r\n]+([0-9a-f]{7,64})\b")
_REVERTS_SUBJECT = re.compile(rb'^Revert "(.*)"(?: \(#\d+\))?$', re.DOTALL)


def check_length(message: str, shortest: int, longest: int) -> str:
    """Return why the length of a message is not accepted, as a slug, or ``""`` if it is.

    Args:
        message: The message; surrounding whitespace does not count.
        shortest: Fewest accepted characters.
        longest: Most accepted characters.
    """
    length = len(message.strip())
    if length < shortest:
        return "message-short"
    if length > longest:
        return "message-long"
    return ""


def is_boilerplate(subject: str) -> bool:
    """Return whether a subject does not describe a change of the code."""
    plain = " ".join(subject[:500].split())
    return any(
        not text.strip(_FRAME) or _BOILERPLATE.fullmatch(text.strip(_FRAME)) for text in (plain, _PREFIX.sub("", plain))
    )


def is_revert(subject: str) -> bool:
    """Return whether a commit reverts an earlier one, by its subject."""
    return bool(_REVERT.match(_PREFIX.sub("", subject.strip())))


def is_pull_request_merge(message: bytes) -> bool:
    """Return whether the message of a merge commit is the one that a forge writes for a pull or merge request."""
    return bool(_PULL_REQUEST.match(message) or _MERGE_REQUEST.search(message))


def is_squash(subject: bytes) -> bool:
    """Return whether a subject names a pull request that was squashed into the commit."""
    return bool(_SQUASH.search(subject.rstrip()))


def reverted_hashes(message: bytes) -> list[bytes]:
    """Return the full or abbreviated hashes of the commits that a message says it reverts."""
    return _REVERTS_HASH.findall(message)


def reverted_subject(subject: bytes) -> bytes | None:
    """Return the subject of the commit that a subject says it reverts."""
    match = _REVERTS_SUBJECT.match(subject.strip())
    return match[1] if match else None

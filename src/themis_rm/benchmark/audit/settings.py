"""What counts as a finding."""

from __future__ import annotations

from pydantic import Field

from themis_rm.curation.ngram_overlap import COMMON, ORDER
from themis_rm.settings import Settings


class AuditSettings(Settings):
    """How a benchmark is audited."""

    level: float = Field(default=0.95, gt=0.5, lt=1)
    """What intervals should cover."""
    shingle: int = Field(default=5, ge=1)
    """Tokens in a row that near duplicates are told by."""
    near: float = Field(default=0.8, gt=0, le=1)
    """Least share (Jaccard) of shingles that both answers of near-duplicate pairs have in common."""
    permutations: int = Field(default=128, ge=4, multiple_of=4)
    """MinHash values of a pair; more find more of the pairs that lie just above ``near``."""
    order: int = Field(default=ORDER, ge=2)
    """Words of an n-gram shared with a training set."""
    common: int = Field(default=COMMON, ge=1)
    """An n-gram in more different texts of the training set than this is a common phrase, and no overlap."""
    answers: bool = False
    """Whether answers, too, are looked up in the training set."""
    ngrams: bool = True
    """Whether n-grams are fitted to see how much of the labels the surface gives away; most of the audit's time."""
    repeats: int = Field(default=20, ge=2)
    """A request that this many pairs have is told of."""
    word_groups: int = Field(default=5, ge=2)
    """Fewest tasks in which a word must stand on one side alone to be listed."""
    word_z: float = Field(default=2.5, gt=0)
    """Least size of the z-score of such a word."""
    word_prior: float = Field(default=10.0, ge=0)
    """Weight of the prior, in tasks (Monroe et al. call it alpha-zero)."""
    words_shown: int = Field(default=10, ge=1)
    """Most such words kept of each source."""

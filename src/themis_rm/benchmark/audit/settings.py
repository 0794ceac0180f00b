"""Settings of the audit."""

from __future__ import annotations

from pydantic import Field

from themis_rm.curation.ngram_overlap import COMMON, ORDER
from themis_rm.settings import Settings


class AuditSettings(Settings):
    """How a benchmark is audited."""

    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    """Level of confidence intervals."""
    shingle_size: int = Field(default=5, ge=1)
    """Tokens per shingle, for near duplicates."""
    min_jaccard: float = Field(default=0.8, gt=0, le=1)
    """Minimum Jaccard index of shingles, for both responses, at which two pairs are near duplicates."""
    num_permutations: int = Field(default=128, ge=4, multiple_of=4)
    """MinHash permutations; more of them find more of the pairs just above ``min_jaccard``."""
    ngram_size: int = Field(default=ORDER, ge=2)
    """Words per n-gram, for overlap with a training set."""
    max_ngram_texts: int = Field(default=COMMON, ge=1)
    """An n-gram that occurs in more distinct texts of the training set than this is a common phrase and not an
    overlap."""
    check_responses: bool = False
    """Whether responses are also searched for in the training set."""
    fit_ngrams: bool = True
    """Whether an n-gram model is fitted to measure how far surface features predict labels; takes most of the time."""
    min_repeats: int = Field(default=20, ge=2)
    """A prompt that this many pairs share is reported."""
    min_word_tasks: int = Field(default=5, ge=2)
    """Minimum number of tasks in which a word must occur on one side only to be listed."""
    min_word_z: float = Field(default=2.5, gt=0)
    """Minimum absolute z-score of a listed word."""
    word_prior_weight: float = Field(default=10.0, ge=0)
    """Weight of the prior, in tasks (alpha-zero in Monroe et al., 2008)."""
    max_words_per_source: int = Field(default=10, ge=1)
    """Maximum number of listed words per source."""

"""Classifiers of commits: the probability that a change improves a criterion, from its message and what it changes.

All classifiers have the interface :class:`~themis_rm.curation.commit_classifier.base.CommitClassifier`. The one that is
part of the package is linear (:mod:`themis_rm.curation.commit_classifier.linear`) and was trained on commits that were
labeled by reading them; an encoder such as ModernBERT can be trained on the same labels
(:mod:`themis_rm.curation.commit_classifier.encoder`).
"""

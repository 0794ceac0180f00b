"""Re-ranking: does a reward put working programs before broken ones, among many candidates for one problem?

The published metrics are reproduced under ``published``. Where they flatter, ours differ and stand beside them: ties
are broken at random in expectation, not in favor of later candidates; problems on which any order hits are told apart;
a model that gives all candidates one reward gets correlation 0, not none; a candidate without a reward comes last.
"""

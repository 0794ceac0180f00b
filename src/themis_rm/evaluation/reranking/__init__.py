"""Re-ranking: rank many candidate programs per problem by reward, and compare the order with test results.

The published metrics are reproduced under ``published``. The package's own metrics differ where the published ones
overestimate a model: ties are broken at random in expectation, not in favor of later candidates; problems on which
every order hits are counted separately; a model that gives all candidates the same reward gets correlation 0 instead of
none; a candidate without a reward is ranked last.
"""

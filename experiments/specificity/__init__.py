"""Whether a shallow decision tree explains this network or any network of these data, where networks disagree.

Time: quick 66 s of CPU time; paper with MNIST two hours and twenty minutes on one core.
"""

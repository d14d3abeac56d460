"""How often the search for core units finds a set of the true minimum's size, on layers that can be exhausted.

Time: paper 7 minutes on two CPU cores that other work shared, quick 37 s of CPU time.
"""

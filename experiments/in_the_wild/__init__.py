"""A network that nobody here trained: magika's detector of file types, on the files of this installation.

Time: quick not measured yet.
"""

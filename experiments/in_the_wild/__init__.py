"""A network that nobody here trained: magika's detector of file types, on the files of this installation.

Time: quick 31 minutes on two CPU cores that other work shared, beside another version; 12 minutes of CPU time.
"""

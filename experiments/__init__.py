"""Studies: each composes the package's functions into one paper's experiments and writes a report."""

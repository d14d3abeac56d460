"""Studies: each repeats the experiments of one paper with the package's functions and writes a report."""

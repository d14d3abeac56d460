"""Valid calls by the end of a path, only the arguments that `arguments.ORDINARY` does not give; a file a folder."""

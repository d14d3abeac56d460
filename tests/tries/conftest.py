"""The scripts are run by the tests, and some need libraries that may be absent: they are not collected themselves."""

collect_ignore = ["scripts"]

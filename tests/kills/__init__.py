"""Kills studies at random moments, and compares what they end with to what an undisturbed run ends with.

python -m tests.kills                    each study until it has been killed 20 times
python -m tests.kills --kills 40         until 40 times
python -m tests.kills --only bottleneck  one study

A run is killed outright (SIGKILL), begun again, and killed again, up to four times before it may end. Its metrics.json
and its figures are then byte for byte those of the undisturbed run, and there are no other files. Trainings are stored
after every epoch, which otherwise happens once a minute. A driver that was stopped goes on where it stopped; the
counts are in tests/kills/results.json.
"""

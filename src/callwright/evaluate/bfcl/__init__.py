"""The Berkeley Function Calling Leaderboard (BFCL v4), single turn, with exactly the official verdicts.

Questions and answers come out of the pinned wheel of the official package; decoder and checker are our own,
run on the standard library and are held equal to the official functions, verdict and error type, by a
differential test. The official checker has quirks: they are copied, because a number that is to be compared
with the leaderboard must be computed like the leaderboard's.
"""

"""The Berkeley Function Calling Leaderboard (BFCL v4) with exactly the official verdicts.

Questions, answers and back ends come out of the pinned wheel of the official package; decoders and checkers
are our own and are held equal to the official functions, verdict and error type, by differential tests. The
official checker has quirks: they are copied, because a number that is to be compared with the leaderboard
must be computed like the leaderboard's.
"""

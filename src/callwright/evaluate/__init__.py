"""Scores with error bars: public benchmarks, and suites of requests for the user's own tools.

`bfcl` holds the benchmark, `suite` the user's own tools, `answers` asks a model and keeps a journal, `stats`
knows intervals and tests, `compare` sets two runs side by side. An outage of a model is never scored as a
wrong answer; a model's text is never evaluated.
"""

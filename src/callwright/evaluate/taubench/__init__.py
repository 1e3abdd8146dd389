"""tau-bench (arXiv 2406.12045): an agent serves a user under a policy, and the database tells what it did.

Retail (115 tasks) and airline (50) run on the official data with tools of our own, which give the official
tools' answers, error texts included; `home` is a small domain of our own that needs no data. A session works
on a database value that shares all but its own changes with every other session, so none is ever copied.
"""

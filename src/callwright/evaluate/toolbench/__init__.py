"""ToolBench and StableToolBench (Qin et al. 2023, Guo et al. 2024): requests that need calls of web APIs.

The APIs' server is gone, so answers come from a recorded cache, from a seeded simulator that knows the APIs'
schemas, or from a model; which one answered is counted in every row. A model searches in one chain (CoT@n)
or in a tree (DFSDT). What is measured is kept apart: without a judge the recall of the relevant APIs, the
share of valid calls, how runs end, and a proxy that is called one; with a judge ToolEval's pass rate and win
rate and StableToolBench's solvable pass rate. `home` is a small set with real tools and checkable answers.
"""

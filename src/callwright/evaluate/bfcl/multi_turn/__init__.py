"""BFCL's multi-turn categories: calls are replayed on the official back ends, turn by turn, and compared.

`rows` reads questions and reference calls, `calls` turns what a model wrote into executable text, `stage`
executes that text on fresh back ends by looking names up, `check` compares with the reference, `dialogue`
words what the model is shown, and `world` makes episodes of it all.
"""

"""What runs inside the isolated process: the standard library only, started without the rest of callwright.

`loop` is the process's main, `confine` takes its rights away, `shapes` and `docstrings` describe functions,
`results` turns what a function returns into JSON.
"""

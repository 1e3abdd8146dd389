"""What runs inside the isolated process: the standard library only, started without the rest of callwright.

`loop` is the process's main. `confine` and `guard` take its rights away, `watch` notices what a call leaves
behind. `functions`, `members`, `shapes`, `scalars`, `notes` and `docstrings` describe functions and read
their arguments; `answers` calls them, and `results` turns what they return into JSON. `classes`, `stage` and
`snapshot` do the same for episodes of classes that have a state.
"""

"""A trained model for other runtimes: its weights, and beside them what makes these read and write the same.

`folder.run` writes the folder; `config` says what can be wished for.
"""

"""BFCL's memory category on its key-value back end: what was told earlier is asked for later.

A model first holds the prerequisite conversations of a scenario, one after another, and writes down what it
wants to keep (`PrerequisiteWorld`); then each question starts from that memory (`MemoryWorld`). The other
back ends and web search need what can not be had offline: `NOT_RUN` says what.
"""

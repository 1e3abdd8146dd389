"""ToolQuery of AgentBoard (arXiv 2401.13178), offline: questions that take several calls to answer.

Movie and weather questions are answered from recordings (`open_replay`), academia questions over a graph that
is generated (`generated_academia`); whoever has AgentBoard's own file reads it with `open_rows`. Rules and
scorer are AgentBoard's, quirks included. The interface is either AgentBoard's text action ("react") or JSON
tool calls in the model's own output format ("unified": the ToolQuery-Unified of xLAM, arXiv 2409.03215 §4.1).
"""

"""How data sets write calls, results, thoughts and tools: one reader per notation, shared by the sources."""

"""WebShop (Yao et al. 2022, arXiv 2207.01206) without a server, a browser or Java: exact, and fast.

`world` is the benchmark; `variants` tells which shops and goals there are and `prepare` makes a catalogue of
the full download. Below it, bottom up: `porter`, `analysis` and `ranking` find products as Lucene does,
`products`, `goals` and `shop` hold the data, `fuzzy`, `nouns` and `reward` judge a purchase, `pages` is the
original's text environment and `agentboard` AgentBoard's, `asking` and `session` let an agent act in either,
`gold` and `policies` play without a model.
"""

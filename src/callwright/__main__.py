"""Run the command line as ``python -m callwright``."""

from callwright.cli import main

main()

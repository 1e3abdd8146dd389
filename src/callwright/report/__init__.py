"""One self-contained HTML file per build: opens offline, holds no script, escapes everything.

write(Path("out/demo"))      # → out/demo/report.html; stages that have not run yet are left out
"""

from callwright.report.build_report import outcome_text, write

__all__ = ["outcome_text", "write"]

#!/usr/bin/env bash
# Every study, the ablations of the paper among them: what each part of the pipeline is worth, with intervals.
# A day on two CPU cores; stopped, it goes on where it was. What came of it: docs/results.md, "Studies".
#
#     bash recipes/ablate.sh [OUT] [DATA]   # OUT defaults to out/studies; DATA holds raw public data, one
#                                           # folder per source; without it the studies on public rows are left out
#     JOBS=2 OMP_NUM_THREADS=1 bash recipes/ablate.sh …     # two at once: on two cores 1.85 times as fast
set -euo pipefail
OUT=$(realpath -m "${1:-out/studies}")
DATA=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.."

CALLWRIGHT=callwright
[ -x .venv/bin/callwright ] && CALLWRIGHT=.venv/bin/callwright

# On synthesized rows for the bundled tools, and on public rows; what two have in common is made once.
studies=(verification preference checks domains complexity size factors)
[ -n "$DATA" ] && studies+=(unification formats mixture)

# Once more for each further job: one that is through helps with what the others still have to make.
for _ in $(seq "${JOBS:-1}"); do printf '%s\n' "${studies[@]}"; done |
  xargs -P "${JOBS:-1}" -I {} "$CALLWRIGHT" study {} -o "$OUT" ${DATA:+--data "$DATA"}

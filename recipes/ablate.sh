#!/usr/bin/env bash
# Every study, the ablations of the paper among them: what each part of the pipeline is worth, with intervals.
# A day on two CPU cores; stopped, it goes on where it was. What came of it: docs/results.md, "Studies".
#
#     bash recipes/ablate.sh [OUT] [DATA]   # OUT defaults to out/studies; DATA holds raw public data, one
#                                           # folder per source; without it the studies on public rows are left out
set -euo pipefail
OUT=$(realpath -m "${1:-out/studies}")
DATA=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.."

CALLWRIGHT=callwright
[ -x .venv/bin/callwright ] && CALLWRIGHT=.venv/bin/callwright

run() {
  printf '\n$ callwright %s\n' "$*"
  "$CALLWRIGHT" "$@"
}

# --- On synthesized rows for the bundled tools -----------------------------------------------------------------
for name in verification preference checks domains complexity size factors; do
  run study "$name" -o "$OUT"
done

# --- On public rows --------------------------------------------------------------------------------------------
if [ -n "$DATA" ]; then
  for name in unification formats mixture; do
    run study "$name" -o "$OUT" --data "$DATA"
  done
fi

#!/usr/bin/env bash
# A fine-tune of the embedded model on public rows and on rows synthesized for their tools: SFT, then DPO, and
# BFCL before, between and after. An hour and three quarters on two CPU cores. What came of it: docs/results.md,
# "A fine-tune on public and synthesized rows".
#
#     bash recipes/public.sh DATA [OUT]     # OUT defaults to out/public; run again, it goes on where it stopped
#
# DATA holds the raw files as their publishers lay them out, in one folder each (docs/sources.md names where
# they are from, and the reports carry their licences into the results):
#     seal-tools toolalpaca toolrl llamafactory-demo hammer api-bank toolbench
set -euo pipefail
DATA=$(realpath "${1:?name the folder of the raw data}")
cd "$(dirname "$0")/.."

OUT=${2:-out/public}
CALLWRIGHT=callwright
[ -x .venv/bin/callwright ] && CALLWRIGHT=.venv/bin/callwright
mkdir -p "$OUT"

run() {
  printf '\n$ callwright %s\n' "$*"
  "$CALLWRIGHT" "$@"
}

# --- 1. Public rows: one record, checked, without duplicates and without what BFCL asks -----------------------
public=()
for source in seal-tools toolalpaca toolrl llamafactory-demo hammer api-bank toolbench; do
  run unify "$DATA/$source" -o "$OUT/$source.jsonl" --secrets redact
  run verify "$OUT/$source.jsonl" -o "$OUT/$source.ok.jsonl"
  [ "$source" = toolbench ] || public+=("$OUT/$source.ok.jsonl")
done
run blend "${public[@]}" -o "$OUT/real" --against bfcl --holdout 0.03

# --- 2. Requests of which no offered tool is left: what a model must learn not to answer by a call -------------
run augment "$OUT/real/train.jsonl" -o "$OUT/without.jsonl" --no-originals --policy irrelevant=1,order=1
grep '"done":\["irrelevant"' "$OUT/without.jsonl" > "$OUT/irrelevant.jsonl"

# --- 3. Rows synthesized for the tools of ToolBench and of the public rows -------------------------------------
STYLES=simple=.27,multiple=.25,parallel=.12,parallel_multiple=.12,irrelevant=.2,missing=.04
run synthesize "$OUT/toolbench.ok.jsonl" -o "$OUT/syn-toolbench.jsonl" --accept 2500 --styles "$STYLES"
run synthesize "$OUT/real/train.jsonl" -o "$OUT/syn-real.jsonl" --accept 2000 --styles "$STYLES"

# --- 4. The mixture; its validation side makes the pairs -------------------------------------------------------
run blend "$OUT/real/train.jsonl" "$OUT/irrelevant.jsonl" "$OUT/syn-toolbench.jsonl" "$OUT/syn-real.jsonl" \
  -o "$OUT/mix" --against bfcl --holdout 0.08 --limit 8600 \
  --weights train=.42,irrelevant=.08,syn-toolbench=.25,syn-real=.25

# --- 5. SFT, then pairs from what the model itself gets wrong, then DPO ----------------------------------------
run train sft "$OUT/mix/train.jsonl" -o "$OUT/sft" --minutes 50 --max-length 1024
run pair "$OUT/mix/valid.jsonl" -o "$OUT/pairs.jsonl" --model "$OUT/sft"
run train dpo "$OUT/pairs.jsonl" --model "$OUT/sft" -o "$OUT/dpo" --minutes 12 --sft-weight 1 --max-length 1024

# --- 6. BFCL: the same rows for all three ----------------------------------------------------------------------
for model in smollm2-135m "$OUT/sft" "$OUT/dpo"; do
  run evaluate bfcl --categories single_turn --limit 50 --model "$model" -o "$OUT/bfcl-$(basename "$model")"
done
run compare "$OUT/bfcl-smollm2-135m" "$OUT/bfcl-sft"
run compare "$OUT/bfcl-sft" "$OUT/bfcl-dpo"

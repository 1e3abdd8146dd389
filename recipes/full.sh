#!/usr/bin/env bash
# The strongest model of the embedded size that open data at hand give: public rows, rows synthesized for
# 9,000 published tools, conversations, requests without a fitting tool; SFT, then DPO; every benchmark's own
# questions kept out; all benchmarks after. About six hours on two CPU cores: SFT was run there once, of an
# earlier mixture; what follows it not yet.
#
#     bash recipes/full.sh DATA [OUT]       # OUT defaults to out/full; run again, it goes on where it stopped
#     PROCESSES=1 EACH=9000 LIMIT=5000 CONFIG=recipes/full-gpu.toml bash recipes/full.sh DATA    # with a GPU; not tried
#
# DATA holds, as their publishers lay them out (docs/sources.md names where they are from, and the reports
# carry their licences into the results):
#     unify/      seal-tools toolalpaca toolrl hammer api-bank llamafactory-demo
#     tools/      toucan-mcp/mcp_tools.jsonl seal-tools/tool.jsonl
#     toolbench/  webshop/  toolquery/  taubench/v1/: the benchmarks
set -euo pipefail
DATA=$(realpath "${1:?name the folder of the data}")
OUT=$(realpath -m "${2:-out/full}")
CONFIG=$(realpath "${CONFIG:-$(dirname "$0")/full.toml}")   # how SFT and DPO are done
cd "$(dirname "$0")/.."

BASE=${BASE:-smollm2-135m}          # a model's directory, for another base
EACH=${EACH:-3000}                  # rows synthesized for each of three pools of tools
LIMIT=${LIMIT:-100}                 # rows per category of BFCL
PROCESSES=${PROCESSES:-2}           # that share each step of a training, and the cores
PYTHON=python3 CALLWRIGHT=callwright
[ -x .venv/bin/callwright ] && CALLWRIGHT=.venv/bin/callwright PYTHON=.venv/bin/python
mkdir -p "$OUT"

run() {
  printf '\n$ callwright %s\n' "$*"
  "$CALLWRIGHT" "$@"
}

# Of a training: its rows offer different tools, so a CPU does more with processes than with threads.
train() {
  printf '\n$ callwright train %s\n' "$*"
  if [ "$PROCESSES" = 1 ]; then
    "$CALLWRIGHT" train "$@"
  else
    OMP_NUM_THREADS=$((($(nproc) + PROCESSES - 1) / PROCESSES)) "$PYTHON" \
      -m torch.distributed.run --nproc_per_node "$PROCESSES" -m callwright train "$@"
  fi
}

# Everything that a benchmark asks; no row may give it away.
asked=bfcl,$(ls "$DATA"/toolbench/solvable_queries/test_instruction/*.json "$DATA"/webshop/*goals* \
  "$DATA"/webshop/items_human_ins_*.json "$DATA"/toolquery/*_tasks.jsonl "$DATA"/taubench/v1/*/*test*.json* | paste -sd,)

# --- 1. Public rows: one record, checked, without duplicates ---------------------------------------------------
public=()
for source in seal-tools toolalpaca toolrl hammer api-bank llamafactory-demo/glaive_toolcall_en_demo.json; do
  name=$(basename "$source" .json)
  run unify "$DATA/unify/$source" -o "$OUT/$name.jsonl" --secrets redact
  run verify "$OUT/$name.jsonl" -o "$OUT/$name.ok.jsonl"
  public+=("$OUT/$name.ok.jsonl")
done
run blend "${public[@]}" -o "$OUT/real" --against "$asked" --holdout 0.03

# --- 2. Requests of which no offered tool is left: what a model must learn not to answer by a call -------------
run augment "$OUT/real/train.jsonl" -o "$OUT/without.jsonl" --no-originals --policy irrelevant=.3,order=1
grep '"done":\["irrelevant"' "$OUT/without.jsonl" > "$OUT/irrelevant.jsonl"

# --- 3. Rows synthesized for published tools, and conversations over tools that share a state ------------------
"$PYTHON" recipes/pools.py "$DATA" "$OUT"
STYLES=simple=.24,multiple=.25,parallel=.16,parallel_multiple=.19,irrelevant=.13,missing=.03
run synthesize "$OUT/tools-toucan.jsonl" -o "$OUT/syn-toucan.jsonl" --accept "$EACH" --styles "$STYLES"
run synthesize "$OUT/tools-seal.jsonl" -o "$OUT/syn-seal.jsonl" --accept "$EACH" --styles "$STYLES"
run synthesize "$OUT/real/train.jsonl" -o "$OUT/syn-real.jsonl" --accept "$EACH" --styles "$STYLES"
run converse examples/library.py -o "$OUT/talks.jsonl" --accept 500

# --- 4. The mixture; its validation side makes the pairs -------------------------------------------------------
run blend "$OUT/real/train.jsonl" "$OUT/irrelevant.jsonl" "$OUT/syn-toucan.jsonl" "$OUT/syn-seal.jsonl" \
  "$OUT/syn-real.jsonl" "$OUT/talks.jsonl" \
  -o "$OUT/mix" --against "$asked" --holdout 0.04

# --- 5. SFT, then pairs from what the model itself gets wrong, then DPO ----------------------------------------
train sft "$OUT/mix/train.jsonl" -o "$OUT/sft" --base "$BASE" --config "$CONFIG"
run pair "$OUT/mix/valid.jsonl" -o "$OUT/pairs.jsonl" --model "$OUT/sft"
train dpo "$OUT/pairs.jsonl" --model "$OUT/sft" -o "$OUT/dpo" --config "$CONFIG"

# --- 6. Every benchmark, then the model with its card ----------------------------------------------------------
for model in sft dpo; do
  run evaluate bfcl --categories single_turn --limit "$LIMIT" --model "$OUT/$model" -o "$OUT/bfcl-$model"
done
run compare "$OUT/bfcl-sft" "$OUT/bfcl-dpo"
run evaluate suite --tools examples/tools.py --model "$OUT/dpo" -o "$OUT/suite"
run evaluate webshop --data "$DATA/webshop" --limit 100 --max-tokens 64 --model "$OUT/dpo" -o "$OUT/webshop"
run evaluate toolquery --data "$DATA/toolquery" --limit 50 --max-tokens 64 --model "$OUT/dpo" -o "$OUT/toolquery"
run evaluate taubench --data "$DATA/taubench/v1" --limit 25 --max-tokens 128 --model "$OUT/dpo" -o "$OUT/tau"
run export "$OUT/dpo" --to safetensors -o "$OUT/model" --results "$OUT/bfcl-dpo" --results "$OUT/suite" \
  --results "$OUT/webshop" --results "$OUT/toolquery" --results "$OUT/tau"

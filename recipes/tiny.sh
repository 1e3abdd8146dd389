#!/usr/bin/env bash
# The whole pipeline at toy size, verb by verb, on two CPU cores and without a network once the pinned
# assets are cached (`callwright doctor --fetch`). Read it from top to bottom: each step is one command,
# reads files, writes files, and can be run again by itself. The sizes here prove that everything works; they
# are far too small for a model that is any good. `callwright build` runs the same stages at a useful size.
#
#     bash recipes/tiny.sh [OUT]        # OUT defaults to out/tiny and is emptied first
set -euo pipefail
cd "$(dirname "$0")/.."

OUT=${1:-out/tiny}
TOOLS=examples/tools.py
CALLWRIGHT=callwright
[ -x .venv/bin/callwright ] && CALLWRIGHT=.venv/bin/callwright

run() {
  printf '\n$ callwright %s\n' "$*"
  "$CALLWRIGHT" "$@"
}

if [ -e "$OUT" ] && [ ! -e "$OUT/.tiny" ]; then
  echo "error: $OUT exists and is not from this recipe; name another folder" >&2
  exit 2
fi
rm -rf "$OUT"
mkdir -p "$OUT"
touch "$OUT/.tiny"

# --- 1. Rows from your own tools -----------------------------------------------------------------------------
# A Python file of typed functions goes in. A grammar writes requests, each with the calls that it asks for;
# every call is executed in an isolated process, and a row whose call fails is dropped, with its reason.
run synthesize "$TOOLS" -o "$OUT/made.jsonl" --accept 150

# --- 2. Rows from data that others published -------------------------------------------------------------------
# Nearly fifty raw layouts are known (docs/sources.md). This sample holds broken rows on purpose: look at
# data.dropped.jsonl. Every data verb writes three files: the rows kept, the rows dropped, and a report in which
# the two add up to the input.
run unify tests/golden/xlam_60k/raw.jsonl -o "$OUT/data.jsonl"

# --- 3. Verify ---------------------------------------------------------------------------------------------------
# Structure, parsing, offered tools, schema, duplicates, expectation, grounding; with --tools also execution.
# The table it prints is the funnel: where rows were lost. Made rows were verified while they were made;
# verifying them again changes nothing, which is the point.
run verify "$OUT/made.jsonl" -o "$OUT/made.verified.jsonl" --tools "$TOOLS"
run verify "$OUT/data.jsonl" -o "$OUT/data.verified.jsonl"

# --- 4. Augment --------------------------------------------------------------------------------------------------
# One variant per row with the same label: tools in another order, or another output format.
run augment "$OUT/made.verified.jsonl" -o "$OUT/made.varied.jsonl" --copies 1

# --- 5. Blend ----------------------------------------------------------------------------------------------------
# One training set out of both: without duplicates, interleaved, and split so that no request and no set of
# calls stands on both sides. Writes a folder with train.jsonl and valid.jsonl.
run blend "$OUT/made.varied.jsonl" "$OUT/data.verified.jsonl" -o "$OUT/blend" --holdout 0.1

# --- 6. Pair -----------------------------------------------------------------------------------------------------
# Preference pairs: the verified answer against a corruption of it that shows one named error. `--model` takes
# what a weaker model answers wrongly, `--failures` what synthesis refused.
run pair "$OUT/blend/train.jsonl" -o "$OUT/pairs.jsonl"

# --- 7. A suite that training never saw ------------------------------------------------------------------------
# The same tools, but phrasing families and values from the halves kept back for tests. Before it is used, its
# own answers must pass its own grader: anything below 100 % would be a mistake of the suite.
run synthesize "$TOOLS" -o "$OUT/suite.jsonl" --accept 6 --split test --seed 11
run evaluate "$OUT/suite.jsonl" --gold -o "$OUT/gold"

# --- 8. Train ----------------------------------------------------------------------------------------------------
# LoRA on the embedded 135M model. --minutes is a budget: the number of steps is planned from a probe, so that
# the learning-rate schedule ends with the time. DPO goes on from the SFT adapter, which is also its reference.
run train sft "$OUT/blend/train.jsonl" -o "$OUT/sft" --minutes 0.5
run train dpo "$OUT/pairs.jsonl" --model "$OUT/sft" -o "$OUT/dpo" --minutes 0.25

# --- 9. Evaluate -------------------------------------------------------------------------------------------------
# Before and after on the same rows, with 95 % intervals, then the paired comparison. With six rows the
# intervals say how little this proves.
run evaluate "$OUT/suite.jsonl" --model smollm2-135m -o "$OUT/before" --max-tokens 96
run evaluate "$OUT/suite.jsonl" --model "$OUT/dpo/adapter" -o "$OUT/after" --max-tokens 96
run compare "$OUT/before" "$OUT/after"

# BFCL, one row per category; first its own answers, all 1,240 of them.
run evaluate bfcl --gold -o "$OUT/bfcl-gold"
run evaluate bfcl --model "$OUT/dpo/adapter" -o "$OUT/bfcl" --limit 1 --max-tokens 96

# --- 10. Serve ---------------------------------------------------------------------------------------------------
# The result is an ordinary adapter folder. To talk to it (this does not return, so it is not run here):
printf '\ndone: %s holds everything; now try\n  callwright serve %s\n' "$OUT" "$OUT/dpo/adapter"

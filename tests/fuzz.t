#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the fuzzers of tests/fuzz: each over its corpus, and then for FUZZ_SECONDS (default 3) with
# inputs that it makes of the corpus. "make fuzz" runs them for an hour each, and keeps in
# build/fuzz what they find.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
export BUILD=${BUILD:-$PWD/build}
seconds=${FUZZ_SECONDS:-3}
found=$BUILD/fuzz
# A seed of 0 is libFuzzer's word for a random one, which it prints.
seed=${FUZZ_SEED:-0}

# Runs a fuzzer with its output in $log.
fuzz()
{
	local name=$1

	shift
	timeout --kill-after=5 $((seconds + 60)) "$BUILD/tests/fuzz/$name" -seed="$seed" -timeout=10 \
		-rss_limit_mb=1024 -artifact_prefix="$found/$name/" "$@" >"$log" 2>&1
}

stat()
{
	sed -n "s/^stat::$1: *//p" "$log"
}

check_fuzzer()
{
	local name=$1 cases

	mkdir -p "$found/$name/corpus"
	cases=$(find "$corpus/$name" -type f | wc -l)
	ok "$name: the inputs of its corpus are right" fuzz "$name" -runs=0 "$corpus/$name" ||
		diag "$(grep -v '^#' "$log" | tail -n 30)"
	# All of them, an empty input, and perhaps each once more.
	ok "$name: all $cases inputs have run" \
		test "$(sed -n 's/^INFO: seed corpus: files: \([0-9]*\) .*/\1/p' "$log")" = "$cases"
	ok "$name: nothing is found in $seconds s" fuzz "$name" -max_total_time="$seconds" \
		-max_len=8192 -print_final_stats=1 "$found/$name/corpus" "$corpus/$name" ||
		diag "$(grep -v '^#' "$log" | tail -n 30; sed -n 's/^INFO: Seed: /seed /p' "$log")"
	diag "$name: $(stat number_of_executed_units) inputs, $(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" |
		tail -n 1) edges"
	ok "$name: it has run" test "$(stat number_of_executed_units)" -gt "$cases"
}

tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT
log=$tmp/log corpus=$tmp/corpus
ok "the fuzzers are built" make --no-print-directory -C tests/fuzz fuzzers || exit 1
ok "their first inputs are made" tests/fuzz/make-corpus "$corpus"
for file in tests/fuzz/*.c; do
	check_fuzzer "$(basename -- "$file" .c)"
done
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is shipped for Prometheus: the text format, and that rules and dashboard speak of metrics that are there. Prometheus'
# own tool looks at them in "make check-packages" (tests/packages/promtool.t).
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"

tool=$BUILD/tools/sysgenid
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# rejected NAME TEXT: the parser is one that finds faults
rejected()
{
	not_ok "the parser refuses $1" tests/unit/exposition < <(printf '%b' "$2")
}

begin='# HELP a text\n# TYPE a gauge\n'
ok "the parser takes a metric" tests/unit/exposition < <(printf '%b' "${begin}a{x=\"y\"} 1\n")
rejected "a sample without a type" 'a 1\n'
rejected "a type without a help text" '# TYPE a gauge\na 1\n'
rejected "the same sample twice" "${begin}a 1\na 1\n"
rejected "a counter without _total" '# HELP a text\n# TYPE a counter\na 1\n'
rejected "a label that is not escaped" "${begin}a{x=\"\"\"} 1\n"
rejected "a value that is no number" "${begin}a one\n"
rejected "a line without an end" "${begin}a 1"

"$tool" status --format prometheus >"$work/out" 2>"$work/err"
is "$? $(<"$work/err")" "0 " "the command prints metrics, with and without the module"
ok "in Prometheus' format" tests/unit/exposition <"$work/out"
for wrong in "--format xml" "--format prometheus --pid 1" "--format prometheus --json"; do
	# shellcheck disable=SC2086  # several words
	"$tool" status $wrong >"$work/out" 2>"$work/err"
	is "$? $(<"$work/out")" "2 " "$wrong is wrong usage"
	like "$(<"$work/err")" "to be one of text, json and prometheus" "$wrong: it says why"
done

# Metrics that the command's source has, and those of node_exporter itself.
sed -nE 's/.*(begin|gauge|print_leak_metric)\("([a-z_]+)".*/sysgenid_\2/p' tools/metrics.c | sort >"$work/known"
ok "the source names metrics" test "$(wc -l <"$work/known")" -ge 15
for file in alerts.yml dashboard.json; do
	grep -oE '\bsysgenid_[a-z_]+' "tools/prometheus/$file" | sort -u >"$work/used"
	isnt "$(wc -l <"$work/used")" 0 "$file speaks of metrics"
	is "$(comm -13 "$work/known" "$work/used")" '' "$file: the command prints all of them"
done
ok "the dashboard is JSON with panels" jq -e '.panels | length > 5' tools/prometheus/dashboard.json
is "$(grep -c '      - alert: ' tools/prometheus/alerts.yml) $(grep -c '        expr: ' tools/prometheus/alerts.yml)" \
	"$(grep -c 'summary: ' tools/prometheus/alerts.yml) $(grep -c 'description: ' tools/prometheus/alerts.yml)" \
	"each alert has an expression, a summary, and a description"
done_testing

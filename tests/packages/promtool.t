#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prometheus' own tool takes the metrics and the alert rules, and each alert fires when it should, and not on a good node. The
# tool is Debian 12's, unpacked and not installed.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
promtool=$work/usr/bin/promtool

folder=$(tests/packages/download bookworm prometheus) || bail "there is no prometheus, see above"
dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -x -C "$work" ./usr/bin/promtool || bail "there is no promtool"
cp tools/prometheus/alerts.yml tests/packages/alerts-test.yml "$work/"

"$BUILD/tools/sysgenid" status --format prometheus >"$work/metrics"
ok "it takes the metrics, and has nothing against their names" "$promtool" check metrics <"$work/metrics"
not_ok "control: it refuses others" "$promtool" check metrics <<<'sysgenid_x{ 1'
ok "it takes the rules" "$promtool" check rules "$work/alerts.yml"
ok "each alert fires on the bad node, and none on the good one" "$promtool" test rules "$work/alerts-test.yml"
is "$(grep -c alertname= "$work/alerts-test.yml")" "$(grep -c '      - alert: ' "$work/alerts.yml")" "none is left out"
for metric in $(grep -oE '\b(sysgenid|node)_[a-z_]+' "$work/alerts.yml" | sort -u); do
	sed "s/\b$metric\b/${metric}_gone/" tools/prometheus/alerts.yml >"$work/alerts.yml"
	not_ok "control: without $metric one does not" "$promtool" test rules "$work/alerts-test.yml"
done
done_testing

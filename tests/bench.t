#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "make bench" keeps the figures that it has, says which are missing, and gives a slow machine time.
# With a stand-in for tests/vm/run, which needs no VM.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp" build/bench-standin.txt' EXIT

# What it prints is in $tmp/speed, and each part ends as $tmp/status-PART says. It notes its own time limits.
cat >"$tmp/run" <<'END'
#!/bin/bash
name=${*: -1}
while (($#)); do
	[[ $1 != --timeout ]] || echo "${name##*/} $2" >>"${0%/*}/limits"
	shift
done
case $name in
*speed) echo "# something else"; cat "${0%/*}/speed"; exit ;;
esac
echo "${name##*/}: the first figure"
[[ ! -e ${0%/*}/hang ]] || { rm "${0%/*}/hang"; exec sleep 60; }
exit "$(cat "${0%/*}/status-${name##*/}" 2>/dev/null || echo 0)"
END
printf '#!/bin/bash\necho "machine: slowness $BENCH_SLOWNESS"\n' >"$tmp/machine"
chmod +x "$tmp/run" "$tmp/machine"
export BENCH_VM_RUN=$tmp/run BENCH_VM_BUILD=true BENCH_MACHINE=$tmp/machine

# bench: its output in $out, its status in $status
bench()
{
	rm -f "$tmp/limits"
	out=$(tests/bench/bench standin 2>&1)
	status=$?
}

echo 'speed: 500 ms' >"$tmp/speed"
bench
is "$status" 0 "all parts get to their ends: status 0"
is "$out" 'bench: standin, time limits times 1.00
guest: the first figure
counted: the first figure
machine: slowness 100' "all figures, and nothing of PARTIAL"
is "$(<"$tmp/limits")" $'speed 1800\nguest 900\ncounted 5000' "a fast machine gets the limits as they are written"

echo 'speed: 3500 ms' >"$tmp/speed"
bench
is "$(<"$tmp/limits")" $'speed 1800\nguest 3150\ncounted 17500' "one that is 3.5 times slower gets 3.5 times as long"
like "$out" 'machine: slowness 350' "in all parts"

echo 1 >"$tmp/status-guest"
bench
is "$status" 1 "a part that ends early: status 1"
like "$out" 'guest: the first figure.bench: PARTIAL: tests/bench/guest did not get to its end, after [0-9]+ s of 3150 s' \
	"its figures are there, and marked"
like "$out" 'counted: the first figure.machine: ' "and the other parts are done"
is "$(<build/bench-standin.txt)" "$out" "all of it is kept in build/bench-SUITE.txt"

touch "$tmp/hang"
rm build/bench-standin.txt
setsid tests/bench/bench standin >/dev/null 2>&1 &
pid=$!
disown
ok "a part has a figure, and hangs" wait_for 20 grep -q guest: build/bench-standin.txt
kill -9 -- "-$pid"
is "$(<build/bench-standin.txt)" 'bench: standin, time limits times 3.50
guest: the first figure' "a bench that is killed leaves the figures that it had"

: >"$tmp/speed"
bench
is "$status: $out" "1: bench: PARTIAL: no figures of standin: its VM does not even run tests/bench/speed" \
	"a VM that does not run: no figures, and it is said"
done_testing

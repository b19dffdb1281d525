#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# docs/virtio-rng-leak.md, the text for the virtio specification: its numbers are those of the driver and of QEMU's device, and
# each requirement has a test that is there, or the page says that it has none.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
page=docs/virtio-rng-leak.md
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT

# number NAME FILE: what the code says
number()
{
	sed -nE "s/^#define $1[[:space:]]+([0-9]+)([[:space:]].*)?\$/\1/p" "$2"
}

# cell TABLE ROW: "index" or "bit", and what stands in the row's second column: the row's first column
cell()
{
	awk -F ' *[|] *' -v table="$1" -v name="$2" '
		/^[|]/ && !inside { inside = 1; on = $2 == table }
		!/^[|]/ { inside = 0 }
		on && $3 == name { print $2 }' "$page"
}

# The page's index of each queue, and the code's.
check_queues()
{
	local driver device

	# The driver names them in the order of their indices, and uses the first leak queue first.
	driver=$(sed -nE 's/^\t\t\{ "([a-z0-9]+)", vrng_[a-z_]+ \},$/\1/p' kernel/virtio-rng/main.c | paste -sd ' ')
	is "$driver" 'input leak0 leak1' "the driver's queues are in this order"
	is "$(cell index requestq) $(cell index leakq1) $(cell index leakq2)" '0 1 2' "so the page has these indices"
	device=$(sed -nE 's/^\t\tleak->vq\[([0-9])\] =$/\1/p' qemu/virtio-rng-leak.c | paste -sd ' ')
	is "$device" "$(cell index leakq1) $(cell index leakq2)" "the device's leak queues have these"
	is "$(sed -nE 's/^\tleak->active = ([0-9]);$/\1/p' qemu/virtio-rng-leak.c)" "$(cell index leakq1)" \
		"the device's first active queue is leakq1"
	ok "the page says so" grep -qF 'leakq1 MUST be active after a reset' "$page"
}

check_features()
{
	local name file

	for name in VIRTIO_RNG_F_LEAK VIRTIO_RNG_F_LEAK_LATCH; do
		for file in kernel/virtio-rng/queues.h qemu/virtio-rng-leak.h; do
			is "$(cell bit "$name")" "$(number "$name" "$file")" "$name is the bit that $file says"
		done
	done
	is "$(PYTHONPATH=tests/qemu python3 -B -c 'import virtio; print(virtio.LEAK, virtio.LATCH)')" \
		"$((1 << $(cell bit VIRTIO_RNG_F_LEAK))) $((1 << $(cell bit VIRTIO_RNG_F_LEAK_LATCH)))" \
		"and those that the device's tests negotiate"
	is "$(sed -n '/^## Device ID$/,/^## /s/^[0-9]*$/&/p' "$page" | grep .)" \
		"$(cpp -P -include linux/virtio_ids.h - <<<VIRTIO_ID_RNG | tail -n 1)" "the device's number is the entropy device's"
}

# Rows "| what | NUMBER | `NAME` in `FILE` |", and no other number above 99 in the text: that would be one of nobody's.
check_numbers()
{
	local what value name file rows=0

	while IFS='|' read -r _ what value name _; do
		file=$(cut -d '`' -f 4 <<<"$name") name=$(cut -d '`' -f 2 <<<"$name")
		is "$(tr -d ' ' <<<"$value")" "$(number "$name" "$file")" "${what# }is $name of $file"
		rows=$((rows + 1))
	done < <(grep -E '^\|[^|]*\| [0-9]+ \| `[A-Z_]+` in `' "$page")
	ok "there are such rows" test "$rows" -ge 6
	grep -E '^\|[^|]*\| [0-9]+ \| `' "$page" | grep -oE '\| [0-9]+ \|' | grep -oE '[0-9]+' >"$tmp/known"
	is "$(grep -vE '^\| [RD][0-9]' "$page" | grep -oE '\b[0-9]{3,}\b' | grep -vxE '2023|2119' | grep -vxF -f "$tmp/known")" '' \
		"the text has no other numbers"
}

# "R1", "D1" and so on, as the text defines them.
requirements()
{
	grep -oE '^[0-9]+\. +\*\*\([RD][0-9]+\)\*\*' "$page" | grep -oE '[RD][0-9]+' | sort
}

check_requirements()
{
	local which file text

	isnt "$(requirements | wc -l)" 0 "there are requirements"
	is "$(requirements | uniq -d)" '' "each has a name of its own"
	is "$(grep -E '^\| [RD][0-9, RD]* \|' "$page" | cut -d '|' -f 2 | tr -d ' ' | tr , '\n' | sort -u)" "$(requirements)" \
		"the table of tests has all of them, and no others"
	while IFS=$'\t' read -r which file text; do
		if [[ -z $text ]]; then
			is "$which" R3 "$which has no test, and the page says so"
		else
			ok "$which: $file has: $text" grep -qF -- "$text" "$file"
		fi
	done < <(sed -nE -e 's/^\| ([RD][0-9, RD]*) \| `([^`]+)`: "(.*)" \|$/\1\t\2\t\3/p' \
		-e 's/^\| ([RD][0-9]+) \| none\. .* \|$/\1\t-\t/p' "$page")
	is "$(grep -cE '^\| [RD][0-9, RD]* \|' "$page")" \
		"$(grep -cE '^\| [RD][0-9, RD]* \| (`[^`]+`: ".*"|none\. .*) \|$' "$page")" "each row names one"
}

check_page()
{
	check_queues
	check_features
	check_numbers
	check_requirements
}

# spoilt NAME SED: a page with this fault fails, and so not the page as it is
spoilt()
{
	sed -E "$2" docs/virtio-rng-leak.md >"$tmp/page.md"
	not_ok "control: the page says $1" same_page docs/virtio-rng-leak.md
	not_ok "control: that is found" passes
}

same_page()
{
	cmp "$1" "$tmp/page.md"
}

passes()
(
	page=$tmp/page.md TAP_COUNT=0
	check_page >"$tmp/out" 2>&1
	! grep -q '^not ok' "$tmp/out"
)

check_page
spoilt "another feature bit" 's/^\| 1 \| VIRTIO_RNG_F_LEAK_LATCH/| 2 | VIRTIO_RNG_F_LEAK_LATCH/'
spoilt "another index" 's/^\| 2 \| leakq2/| 3 | leakq2/'
spoilt "another device" 's/^4$/5/'
spoilt "another limit in the table" 's/\| 65536 \|/| 4096 |/'
spoilt "another limit in the text" 's/at most 65536$/at most 65537/'
spoilt "a requirement more" 's/^(11\.) +\*\*\(D11\)\*\*/\1 **(D99)**/'
spoilt "a test that is not there" 's/"one leak executes every buffer/"one leak executes some buffers/'
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Packages that are built twice, in other folders, are equal byte for byte; one changed byte of a source is seen. Their
# sizes are those of docs/packages.md.
# A part of "make check-packages". usage: reproducible.t bookworm|trixie
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
suite=${1?usage: reproducible.t bookworm|trixie}
first=build/packages/$suite second=build/packages/$suite-again

# wrong_sizes PAGE: packages whose size, in kB as "ls" shows it, is more than a tenth and 4 kB from what the page says, or
# which the page does not have
wrong_sizes()
{
	local size file said page

	page=$(<"$1")
	while read -r size file; do
		[[ $file != *-dbgsym_* ]] || continue
		said=$(sed -nE "s/^\| \`${file%%_*}\` \|.* \| ([0-9]+) kB \|.*/\1/p" <<<"$page")
		((said && (size - said) ** 2 <= (4 + said / 10) ** 2)) || echo "${file%%_*}: $size kB, the page says ${said:-nothing}"
	done < <(cd "$first" && ls -s --block-size=1K -- *.deb)
}

echo 1..5
# Both are built anew.
rm -f "$first.stamp" "$second.stamp"
packaging/build "$suite" >&2 && packaging/build "$suite" --path /srv/another/place --to "$second" >&2 ||
	{ echo "Bail out! the packages cannot be built"; exit 1; }
count=$(find "$first" -name '*.deb' | wc -l)
((count > 10)) || echo -n "not "
echo "ok 1 - there are packages"
if different=$(diff -rq "$first" "$second"); then
	echo "ok 2 - all $count packages and the source are the same in both builds"
else
	echo "not ok 2 - the packages are the same in both builds"
	printf '%s\n' "$different" | sed 's/^/# /'
fi
printf 'x' | dd of="$(find "$second" -name 'sysgenid-tools_*.deb')" bs=1 seek=200 conv=notrunc status=none
diff -rq "$first" "$second" >/dev/null && echo -n "not "
echo "ok 3 - control: a changed byte is found"
rm -f "$second.stamp"
if wrong=$(wrong_sizes docs/packages.md) && [[ -z $wrong ]]; then
	echo "ok 4 - docs/packages.md says how large they are"
else
	echo "not ok 4 - docs/packages.md says how large they are"
	printf '%s\n' "$wrong" | sed 's/^/# /'
fi
[[ $(wrong_sizes <(sed 's/ 320 kB/ 99 kB/' docs/packages.md)) == "sysgenid-tools: "* ]] || echo -n "not "
echo "ok 5 - control: a wrong size is found"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The package for Node with a counter file, with its addon and without. Two runs with --random-seed stand for two clones.
# What takes a restore is in tests/vm/t/65-provider-node.t.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export SYSGENID_PATH=$work/counter
cp -r "${BUILD:-$PWD/build}/node" "$work/with"
cp -r "$work/with" "$work/without"
rm "$work/without/sysgenid.node"

# write_counter WORD: a counter file with that generation
write_counter()
{
	# shellcheck disable=SC2059  # escapes
	{ printf "\\x$1\\0\\0\\0"; head -c 60 /dev/zero; printf 'SYsG\1\0\0\0'; head -c 4024 /dev/zero; } >"$SYSGENID_PATH"
}

cat >"$work/move.js" <<'END'
const fs = require('fs');
exports.move = (generation) => {
	const fd = fs.openSync(process.env.SYSGENID_PATH, 'r+');
	fs.writeSync(fd, Buffer.from([generation]), 0, 1, 0);
	fs.closeSync(fd);
};
END
cat >"$work/draw.js" <<'END'
const before = Math.random();
require('./move.js').move(8);
console.log(before, Math.random(), Math.random());
END
cat >"$work/use.mjs" <<'END'
import { randomUUID, randomInt, randomBytes, generateKeyPairSync, getRandomValues, webcrypto } from 'node:crypto';
import move from './move.js';
for (let generation = 8; generation < 12; generation++) {
	move.move(generation);
	for (let i = 0; i < 300; i++) {
		console.log(randomUUID());
		console.log(randomBytes(16).toString('hex'));
		console.log(randomInt(2 ** 47));
		console.log(Math.random());
	}
	console.log(Buffer.from(getRandomValues(new Uint8Array(16))).toString('hex'));
	console.log(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x);
	console.log(webcrypto.randomUUID());
}
END
cat >"$work/event.js" <<'END'
const sysgenid = require(process.argv[2]);
const seen = sysgenid.generation();
sysgenid.on('restore', (now) => console.log(seen, now, sysgenid.changed(seen), sysgenid.freshBytes(5).length));
require('./move.js').move(8);
setTimeout(() => {}, 300);
END

# clone OPTION...: what one of two clones draws
clone()
{
	write_counter 7
	node --random-seed=1 "$@" "$work/draw.js" 2>&1
}

one=$(clone) other=$(clone)
is "$one" "$other" "control: clones have the same Math.random"
for kind in with without; do
	register=$work/$kind/register.js
	one=$(clone --require "$register") other=$(clone --require "$register")
	is "${one%% *}" "${other%% *}" "$kind addon: the same before the restore"
	isnt "${one#* }" "${other#* }" "$kind addon: another Math.random after it"
	write_counter 7
	out=$(node --require "$register" "$work/use.mjs" 2>&1)
	is "$(wc -l <<<"$out") $(sort -u <<<"$out" | wc -l)" "4812 4812" "$kind addon: a program draws all kinds, and no number twice" ||
		diag "$(tail -n 3 <<<"$out")"
	write_counter 7
	is "$(node "$work/event.js" "$work/$kind" 2>&1)" "7 8 true 5" "$kind addon: the event"
	chmod 666 "$SYSGENID_PATH"
	is "$(node --require "$register" -p 1 2>&1)" 1 "$kind addon, a counter that others can write: as without us"
	out=$(SYSGENID_NODE=warn node --require "$register" -p 1 2>&1)
	is "$(wc -l <<<"$out") ${out##*$'\n'}" "2 1" "$kind addon: it says so once when asked to"
	SYSGENID_NODE=strict node --require "$register" -p 1 >"$work/out" 2>&1
	is "$?" 78 "$kind addon: with strict the program ends"
	chmod 644 "$SYSGENID_PATH"
done
write_counter 7
like "$(SYSGENID_NODE=warn node --require "$work/without/register.js" -p 1 2>&1)" 'OpenSSL cannot be renewed' "without the addon it says what is missing"
is "$(SYSGENID_NODE=warn node --require "$work/with/register.js" -p 1 2>&1)" 1 "with it nothing is"
is "$(SYSGENID_NODE=off node --require "$work/with/register.js" -p 'Math.random.toString()' 2>&1)" 'function random() { [native code] }' "off: nothing is changed"
who='String(require(process.argv[1]).incarnation()?.toString("latin1"))'
write_counter 7
is "$(node -p "$who" "$work/with" 2>&1)" undefined "no incarnation of a counter that does not keep it"
printf '\3\0\0\0\7\0\0\0' | dd of="$SYSGENID_PATH" bs=1 seek=72 conv=notrunc status=none
printf 0123456789abcdef | dd of="$SYSGENID_PATH" bs=1 seek=88 conv=notrunc status=none
is "$(node -p "$who" "$work/with" 2>&1)" 0123456789abcdef "the incarnation, when the reseed was for this generation"
printf '\10' | dd of="$SYSGENID_PATH" bs=1 conv=notrunc status=none
is "$(node -p "$who" "$work/with" 2>&1)" undefined "none before that"
rm "$SYSGENID_PATH"
is "$(node --require "$work/with/register.js" -p 'Math.random.toString()' 2>&1)" 'function random() { [native code] }' "no counter: nothing is changed"
done_testing

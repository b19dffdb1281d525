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
exports.store = (offset, value) => {
	const fd = fs.openSync(process.env.SYSGENID_PATH, 'r+');
	fs.writeSync(fd, Buffer.from([value]), 0, 1, offset);
	fs.closeSync(fd);
};
exports.move = (generation) => exports.store(0, generation);
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

# A stand-in for the addon on a machine with VMClock. The kernel follows when it is asked, if it does.
cat >"$work/standin.js" <<'END'
const [page, second] = [new Uint32Array(1024), new Uint32Array(1024)];
const machine = { follows: true, restore: () => second[0x68 / 4]++ };
page[0] = 7;
globalThis.machine = machine;
require('node:module')._extensions['.node'] = (module) => {
	module.exports = {
		map: () => [page.buffer, second.buffer],
		ask(buffer) {
			if (!machine.follows || buffer !== second.buffer || page[80 / 4] === second[0x68 / 4])
				return;
			page[0]++;
			page[80 / 4] = second[0x68 / 4];
		},
		random: () => false,
		feed: () => true,
	};
};
END
cat >"$work/draw-machine.js" <<'END'
const before = Math.random();
machine.restore();
console.log(before, Math.random(), Math.random());
END
cat >"$work/never.js" <<'END'
const sysgenid = require('sysgenid');
const seen = sysgenid.generation();
machine.follows = false;
machine.restore();
const start = performance.now();
const drawn = [Math.random(), Math.random(), sysgenid.changed(seen), sysgenid.generation() === seen];
const waited = performance.now() - start;
machine.follows = true;
console.log(drawn[0] !== drawn[1], ...drawn.slice(2), waited > 900 && waited < 4000, sysgenid.generation() === seen + 1);
END
cat >"$work/await.js" <<'END'
const sysgenid = require(process.argv[2]);
const { move, store } = require('./move.js');
const says = (was) => `${was?.what} ${was?.generation} ${was?.incarnation}`;
(async () => {
	const none = await sysgenid.awaitRestore({ timeout: 50 });
	setTimeout(() => move(8), 100);
	const first = await sysgenid.awaitRestore();
	move(9);
	const second = await sysgenid.awaitRestore({ timeout: 20000, after: first });
	store(108, 9);
	store(104, 10);
	move(10);
	console.log([none, ...[first, second, await sysgenid.awaitRestore({ timeout: 20000, after: second })].map(says)].join());
})();
END
cat >"$work/netlink.js" <<'END'
const { lookByNetlink } = require(`${process.argv[2]}/control.js`);
const family = Buffer.from('1c0000001000000000000000000000000102000006000100120000000'.slice(0, 56), 'hex');
const number = (kind, value) => Buffer.from([8, 0, kind, 0, value, 0, 0, 0]);
function look(...parts) {
	const answers = [family, Buffer.concat([Buffer.alloc(20), ...parts])];
	try {
		const { generation, restored } = lookByNetlink(() => answers.shift());
		return `${generation} ${restored}`;
	} catch (error) {
		return error.message;
	}
}
console.log([look(number(1, 5), number(12, 4)), look(number(1, 5)), look(Buffer.from([3, 0, 1, 0])), look(Buffer.from([9, 0, 1, 0, 5, 0, 0, 0]))].join(', '));
try {
	lookByNetlink(require(`${process.argv[2]}/sysgenid.node`).exchange);
} catch (error) {
	console.log(error.message);
}
END

cat >"$work/full.js" <<'END'
const fs = require('fs');
const counter = fs.openSync(process.env.SYSGENID_PATH, 'r+');
const drawn = [Math.random()];
const draw = () => drawn.push(Math.random());
const held = [];
try {
	for (;;)
		held.push(fs.openSync('/dev/null'));
} catch {
	fs.writeSync(counter, Buffer.from([8]), 0, 1, 0);
}
setTimeout(() => {
	draw();
	held.forEach((fd) => fs.closeSync(fd));
	draw();
	console.log(...drawn);
}, 100);
END
# /dev/urandom is $URANDOM.
cat >"$work/urandom.js" <<'END'
const fs = require('fs');
const { openSync } = fs;
fs.openSync = (path, ...more) => openSync(path === '/dev/urandom' ? process.env.URANDOM : path, ...more);
END

cat >"$work/late.js" <<'END'
const crypto = require('node:crypto');
const { move, store } = require('./move.js');
const kinds = [Math.random, () => crypto.randomBytes(4), () => crypto.randomUUID()];
function attempt() {
	const said = kinds.map((draw) => {
		try {
			return draw() && 'drawn';
		} catch (error) {
			return error.message;
		}
	});
	console.log(...new Set(said));
}
move(8);
setTimeout(() => {
	attempt();
	store(76, 8);
	attempt();
}, 100);
END

# The switch's own timer never comes: only what the event itself does is seen.
cat >"$work/no-timer.js" <<'END'
require('node:timers').setInterval = () => ({ unref() {} });
END
cat >"$work/order.js" <<'END'
const sysgenid = require(process.argv[2]);
const { feedOpenSSL } = sysgenid;
let feeds = 0;
sysgenid.feedOpenSSL = (bytes) => (feeds++, feedOpenSSL(bytes));
if (process.argv[3] === 'event')
	sysgenid.on('restore', () => console.log(feeds));
else
	sysgenid.awaitRestore().then(() => console.log(feeds));
require('./move.js').move(8);
setTimeout(() => {}, 300);
END

# Which functions draw without a look: under strict, and with a kernel that is late, a look is an error.
cat >"$work/walk.js" <<'END'
const [crypto, tls, https, http2] = ['crypto', 'tls', 'https', 'http2'].map(require);
const { subtle } = crypto.webcrypto;
const never = new Set(process.argv.slice(2));
const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encrypt = (format) => privateKey.export({ type: 'pkcs8', format, cipher: 'aes-128-cbc', passphrase: 'x' });
const server = tls.createServer();
const ready = { ecdh: crypto.createECDH('prime256v1'), group: crypto.getDiffieHellman('modp5'), sign: crypto.createSign('sha256') };
const cipher = crypto.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16));
const calls = {
	'tls.createServer': () => tls.createServer(),
	'new tls.Server': () => new tls.Server(),
	'new tls.SecureContext': () => new tls.SecureContext(),
	'derived tls.Server': () => new (class extends tls.Server {})(),
	'server.setSecureContext': () => server.setSecureContext({}),
	'server.addContext': () => server.addContext('a', {}),
	'server.listen': () => server.listen(0),
	'https.createServer': () => https.createServer(),
	'new https.Server': () => new https.Server(),
	'https.get': () => new Promise((resolve, reject) => https.get('https://127.0.0.1:1').on('error', reject)),
	'http2.createSecureServer': () => http2.createSecureServer(),
	'http2.connect': () => http2.connect('https://127.0.0.1:1').on('error', () => {}),
	'new crypto.DiffieHellman': () => new crypto.DiffieHellman(64),
	'ecdh.generateKeys': () => ready.ecdh.generateKeys(),
	'group.generateKeys': () => ready.group.generateKeys(),
	'sign.sign': () => ready.sign.sign(privateKey),
	'cipher.update': () => cipher.update('x'),
	'export as pem': () => encrypt('pem'),
	'export as der': () => encrypt('der'),
};
for (const [place, object] of Object.entries({ crypto, tls, subtle, webcrypto: crypto.webcrypto }))
	for (const holder of [object, Object.getPrototypeOf(object)])
		for (const name of Object.getOwnPropertyNames(holder))
			if (holder !== Object.prototype && name !== 'constructor' && !never.has(name) && typeof object[name] === 'function')
				calls[`${place}.${name}`] = () => object[name]();
(async () => {
	require('./move.js').move(8);
	for (const [name, call] of Object.entries(calls)) {
		let said = 'nothing';
		try {
			await call();
		} catch (error) {
			said = error.message;
		}
		if (!/is not reseeded/.test(said))
			console.log(`${name}: ${said}`);
	}
	console.log(Object.keys(calls).length > 60 && 'walked');
	process.exit();
})();
END

# In place of those whose answers come later: each gives the number of its call.
cat >"$work/later.js" <<'END'
const crypto = require('node:crypto');
const count = () => {
	let calls = 0;
	return (...args) => new Promise((resolve) => {
		const callback = args.find((argument) => typeof argument === 'function');
		if (callback)
			setTimeout(callback, 20, null, ++calls);
		else if (args.length === 0)
			setTimeout(resolve, 20, ++calls);
	});
};
globalThis.names = ['generateKey', 'generateKeyPair', 'generatePrime', 'prng', 'pseudoRandomBytes', 'randomBytes', 'randomFill', 'randomInt', 'rng'];
for (const name of names)
	crypto[name] = count();
Object.getPrototypeOf(crypto.webcrypto.subtle).generateKey = count();
END
cat >"$work/draw-later.js" <<'END'
const crypto = require('node:crypto');
const drawn = names.map((name) => new Promise((resolve) => crypto[name](1, (error, calls) => resolve(error ? 'refused' : calls), undefined)));
drawn.push(crypto.webcrypto.subtle.generateKey().catch(() => 'refused'));
if (process.argv[2])
	require('./move.js').move(8);
Promise.all(drawn).then((calls) => console.log(calls.length, ...new Set(calls)));
END
cat >"$work/pool.js" <<'END'
const crypto = require('node:crypto');
const promisify = (name) => require('node:util').promisify(crypto[name]);
crypto.pbkdf2('a', 'b', 50000, 32, 'sha256', () => {});
const drawn = [promisify('randomBytes')(16), promisify('randomFill')(Buffer.alloc(16)), promisify('randomInt')(2 ** 40),
	promisify('generateKey')('aes', { length: 128 }), promisify('generateKeyPair')('ed25519'), promisify('generatePrime')(64),
	crypto.webcrypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt'])];
require('./move.js').move(8);
Promise.all(drawn).then((all) => console.log(...all.map((one) => (one.publicKey ?? one).constructor.name)));
END

# What the functions of all objects that register.js changes are like: one line for each property of theirs.
cat >"$work/functions.js" <<'END'
const { inspect, promisify } = require('node:util');
const crypto = require('node:crypto');
const tls = require('node:tls');
const { subtle } = crypto.webcrypto;
const objects = { Math, crypto, subtle: Object.getPrototypeOf(subtle), webcrypto: Object.getPrototypeOf(crypto.webcrypto), tls };
for (const module of [crypto, tls])
	for (const name of Object.keys(module))
		if (module[name]?.prototype)
			objects[name] = module[name].prototype;
for (const name of ['rng', 'prng', 'pseudoRandomBytes'])
	void crypto[name]; // before that it is a getter
for (const [place, object] of Object.entries(objects))
	for (const [name, { value }] of [...Object.entries(Object.getOwnPropertyDescriptors(object)), ['listen', { value: object.listen }]])
		if (typeof value === 'function')
			for (const key of Reflect.ownKeys(value))
				console.log(place, name, key, inspect(Object.getOwnPropertyDescriptor(value, key), { breakLength: Infinity, depth: 0 }));
promisify(crypto.generateKeyPair)('ed25519').then((keys) => console.log(Object.keys(keys), promisify(crypto.randomBytes).name));
END

# clone OPTION...: what one of two clones draws
clone()
{
	write_counter 7
	node --random-seed=1 "$@" "$work/draw.js" 2>&1
}

# clone_full OPTION...: the same, before the restore, after it while no descriptor is free, and when they are free again
clone_full()
{
	write_counter 7
	(ulimit -n 60 && exec node --random-seed=1 "$@" "$work/full.js" 2>"$work/errors")
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
	write_counter 7
	is "$(node "$work/await.js" "$work/$kind" 2>&1)" ",restore 8 undefined,restore 9 undefined,resume 10 undefined" \
		"$kind addon: awaitRestore: nothing in time, a restore, one that came between two calls, and a resume"
	read -r -a first < <(clone_full --require "$register")
	read -r -a second < <(clone_full --require "$register")
	isnt "${first[2]-none}" "${second[2]-none}" "$kind addon: no descriptor is free at the restore: the program goes on, and is renewed when it can"
	[[ $kind != with ]] || isnt "${first[1]-none}" "${second[1]-none}" "with the addon at once"
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
is "$(node --require "$work/with/register.js" -p '"use strict"; const s = require("https").createServer(); s.listen = () => "own"; s.listen()' 2>&1)" \
	own "a function that is covered can still be replaced, also where it is inherited"
node "$work/functions.js" >"$work/plain" 2>&1
node --require "$work/with/register.js" "$work/functions.js" >"$work/covered" 2>&1
is "$(diff <(sort -u "$work/plain") <(sort -u "$work/covered"); tail -n 1 "$work/covered")" "[ 'publicKey', 'privateKey' ] randomBytes" \
	"functions that are covered keep name, length and symbols, which util.promisify needs"
is "$(SYSGENID_NODE=off node --require "$work/with/register.js" -p 'Math.random.toString()' 2>&1)" 'function random() { [native code] }' "off: nothing is changed"
# The page says that the kernel was reseeded, for generation 7.
tell_reseeded()
{
	printf '\1\0\0\0\7\0\0\0' | dd of="$SYSGENID_PATH" bs=1 seek=72 conv=notrunc status=none
}

write_counter 7
tell_reseeded
is "$(SYSGENID_NODE=strict node --require "$work/with/register.js" "$work/late.js" 2>&1)" \
	"sysgenid: the kernel's generator is not reseeded for this generation
drawn" "strict, and the kernel is late: draws throw an error until it has followed, and the program lives"
write_counter 7
later=(node --require "$work/later.js" --require "$work/with/register.js" "$work/draw-later.js")
write_counter 7
is "$("${later[@]}" 2>&1)" "10 1" "control: what threads draw is passed on as it is"
is "$("${later[@]}" move 2>&1)" "10 2" "and drawn again if the program was restored before it came"
write_counter 7
tell_reseeded
is "$(SYSGENID_NODE=strict "${later[@]}" move 2>&1)" "10 refused" "with strict and a kernel that is late it is an error, for callbacks and promises"
write_counter 7
is "$(UV_THREADPOOL_SIZE=1 node --require "$work/with/register.js" "$work/pool.js" 2>&1)" \
	"Buffer Buffer Number SecretKeyObject PublicKeyObject ArrayBuffer CryptoKey" "so with Node's own"
# Another list than that of register.js, by hand: what is new in a newer Node is to be covered.
never=(createCipher createDecipher createDecipheriv createHash createHmac createSecretKey createVerify getCipherInfo getCiphers
	getCurves getFips getHashes hash publicDecrypt secureHeapUsed setEngine setFips timingSafeEqual verify hkdf hkdfSync pbkdf2
	pbkdf2Sync scrypt scryptSync argon2 argon2Sync Certificate Cipher Decipher Decipheriv Hash Hmac KeyObject Verify X509Certificate
	checkServerIdentity convertALPNProtocols getCACertificates getCertificateCompressionAlgorithms setDefaultCACertificates digest
	CryptoKey fips DEFAULT_ENCODING)
write_counter 7
tell_reseeded
is "$(SYSGENID_NODE=strict node --require "$work/with/register.js" "$work/walk.js" "${never[@]}" 2>&1)" walked \
	"all functions of crypto, subtle and tls that can draw look first, also those of keys and of https and http2 servers"
for kind in event await; do
	write_counter 7
	is "$(node --require "$work/no-timer.js" --require "$work/with/register.js" "$work/order.js" "$work/with" "$kind" 2>&1)" 1 \
		"$kind: with the switch, OpenSSL is fed before the program hears of the restore"
done
write_counter 7
for URANDOM in "$work/none" /dev/null; do
	export URANDOM
	what=(timeout 20 node --require "$work/urandom.js" --require)
	is "$(SYSGENID_NODE=warn "${what[@]}" "$work/with/register.js" -p 1 2>&1)" 1 "/dev/urandom is ${URANDOM##*/}: nothing is missing with the addon"
	is "$("${what[@]}" "$work/without/register.js" -p 1 2>&1)" 1 "/dev/urandom is ${URANDOM##*/}: without it the program goes on"
	like "$(SYSGENID_NODE=warn "${what[@]}" "$work/without/register.js" -p 1 2>&1)" 'nothing can be renewed: (ENOENT|.dev.urandom gives no bytes)' \
		"/dev/urandom is ${URANDOM##*/}: it says so when asked to"
	SYSGENID_NODE=strict "${what[@]}" "$work/without/register.js" -p 1 >"$work/out" 2>&1
	is "$?" 78 "/dev/urandom is ${URANDOM##*/}: with strict it ends"
done
who='String(require(process.argv[1]).incarnation()?.toString("latin1"))'
write_counter 7
is "$(node -p "$who" "$work/with" 2>&1)" undefined "no incarnation of a counter that does not keep it"
printf '\3\0\0\0\7\0\0\0' | dd of="$SYSGENID_PATH" bs=1 seek=72 conv=notrunc status=none
printf 0123456789abcdef | dd of="$SYSGENID_PATH" bs=1 seek=88 conv=notrunc status=none
# Its first word is joined with the PID namespace: tests/unit/file-clients.t.
out=$(node -p "$who" "$work/with" 2>&1)
is "${out: -12}" 456789abcdef "the incarnation, when the reseed was for this generation"
printf '\10' | dd of="$SYSGENID_PATH" bs=1 conv=notrunc status=none
is "$(node -p "$who" "$work/with" 2>&1)" undefined "none before that"
machine=(--require "$work/standin.js")
draw=$work/draw.js
cp "$work/draw-machine.js" "$draw"
write_counter 7
one=$(clone "${machine[@]}") other=$(clone "${machine[@]}")
is "$one" "$other" "control: clones of a machine have the same Math.random"
one=$(clone "${machine[@]}" --require "$work/with/register.js") other=$(clone "${machine[@]}" --require "$work/with/register.js")
is "${one%% *}" "${other%% *}" "clones of a machine: the same before the restore"
isnt "${one#* }" "${other#* }" "and another Math.random after it, before the kernel has moved the generation"
mkdir "$work/node_modules"
ln -s ../with "$work/node_modules/sysgenid"
is "$(node "${machine[@]}" --require "$work/with/register.js" "$work/never.js" 2>&1)" "true true true true true" \
	"a kernel that does not follow: one wait of a second, all is renewed at each draw, and changed() says so"
is "$(node "$work/netlink.js" "$work/with" 2>&1)" "5 4, 5 5, the kernel's answer is damaged, the kernel's answer is damaged
netlink family sysgenid: the kernel module sysgenid is not loaded" "netlink: answers of a new module, of an old one, damaged, and none"
# As in Bun and Deno: a function that cannot be assigned to, one that cannot be changed, and one that calls another one.
cat >"$work/others.js" <<'END'
const crypto = require('node:crypto');
const prototype = Object.getPrototypeOf(crypto.webcrypto);
Object.defineProperty(prototype, 'randomUUID', { writable: false });
Object.defineProperty(prototype, 'getRandomValues', { writable: false, configurable: false });
crypto.randomUUID = () => crypto.webcrypto.randomUUID();
END
cat >"$work/draw-others.js" <<'END'
const { randomUUID, webcrypto } = require('node:crypto');
require('./move.js').move(8);
console.log(new Set([randomUUID(), webcrypto.randomUUID(), randomUUID()]).size);
END
is "$(SYSGENID_NODE=warn node --require "$work/others.js" --require "$work/with/register.js" "$work/draw-others.js" 2>&1)" \
	"sysgenid: getRandomValues is not mended: Cannot redefine property: getRandomValues
3" "functions of another kind: those that can be changed are, and it says which cannot"
rm "$SYSGENID_PATH"
is "$(node --require "$work/with/register.js" -p 'Math.random.toString()' 2>&1)" 'function random() { [native code] }' "no counter: nothing is changed"
done_testing

// SPDX-License-Identifier: LGPL-2.1-or-later
'use strict';
// The switch, for programs that nobody changes: node --require .../register.js, or NODE_OPTIONS. Each draw looks at the
// generation first. SYSGENID_NODE=off, warn, strict: as SYSGENID_PYTHON.
const crypto = require('node:crypto');
const { syncBuiltinESMExports } = require('node:module');
const sysgenid = require('./index.js');

const STOCK_OF_UUIDS = 128; // randomUUID draws that many at once
const STOCK_OF_INTS = 1024; // randomInt draws 6 bytes for each of them at once
const wish = process.env.SYSGENID_NODE;
let seen;
let reported = false;

// Once a process, and only when asked to: the standard error of somebody else's program may be a data file.
function report(text) {
	if (!reported && (wish === 'warn' || wish === 'strict'))
		process.stderr.write(`sysgenid: ${text}\n`);
	reported = true;
	if (wish === 'strict')
		process.exit(78); // EX_CONFIG
}

// xoshiro128**, with the state from the kernel.
function makeGenerator() {
	const state = new Uint32Array(4);
	const rotate = (x, k) => (x << k) | (x >>> (32 - k));

	function next() {
		const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
		const shifted = state[1] << 9;

		state[2] ^= state[0];
		state[3] ^= state[1];
		state[1] ^= state[2];
		state[0] ^= state[3];
		state[2] ^= shifted;
		state[3] = rotate(state[3], 11);
		return result;
	}
	return {
		seed: () => state.set(new Uint32Array(new Uint8Array(sysgenid.freshBytes(16)).buffer)),
		draw: () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992,
	};
}

const { randomUUID, randomInt } = crypto;
const plainRandom = Math.random;
const generator = makeGenerator();
let random = plainRandom;
let renewing = false;

function renewAll() {
	const now = sysgenid.generation();
	const reseeded = sysgenid.waitReseeded();

	if (!reseeded && wish === 'strict')
		throw new Error("sysgenid: the kernel's generator is not reseeded for this generation");
	generator.seed();
	random = generator.draw;
	sysgenid.feedOpenSSL(sysgenid.freshBytes(48));
	for (let i = 0; i < STOCK_OF_UUIDS; i++)
		randomUUID();
	for (let i = 0; i < STOCK_OF_INTS; i++)
		randomInt(2);
	// Else the next draw renews once more.
	if (reseeded)
		seen = now;
}

// In Deno the functions with a stock call others that are covered.
function renew() {
	if (renewing)
		return;
	renewing = true;
	try {
		renewAll();
	} finally {
		renewing = false;
	}
}

// A program that did not ask for more goes on where nothing can be renewed, and the next draw tries again.
function check() {
	try {
		if (sysgenid.changed(seen))
			renew();
	} catch (error) {
		if (wish === 'strict')
			throw error;
		report(`not renewed: ${error.message}`);
	}
}

// For timers and events, where an error ends the program: the next draw throws it.
function checkQuietly() {
	try {
		check();
	} catch {
		// "strict" alone comes here.
	}
}

// Some properties of other runtimes cannot be assigned to, and some not be changed at all.
function replace(object, name, value) {
	// One that is inherited, or that functions stand for, becomes a property that others can replace as before.
	const own = Object.getOwnPropertyDescriptor(object, name);
	const { writable = true, enumerable = true, configurable = true } = own ?? {};

	try {
		Object.defineProperty(object, name, { value, writable, enumerable, configurable });
	} catch (error) {
		report(`${name} is not mended: ${error.message}`);
	}
}

// Puts the look in front of a function. A proxy has all else from the function, such as the symbol by which util.promisify
// knows that generateKeyPair gives two keys.
function cover(object, name) {
	const original = object?.[name];

	if (typeof original !== 'function')
		return;
	replace(object, name, new Proxy(original, {
		apply(target, self, args) {
			check();
			return Reflect.apply(target, self, args);
		},
	}));
}

function coverAll() {
	const tls = require('node:tls');
	const { subtle } = crypto.webcrypto;

	for (const name of ['randomBytes', 'pseudoRandomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'sign',
		'generateKey', 'generateKeySync', 'generateKeyPair', 'generateKeyPairSync', 'generatePrime', 'generatePrimeSync',
		'publicEncrypt'])
		cover(crypto, name);
	for (const kind of ['ECDH', 'DiffieHellman', 'DiffieHellmanGroup'])
		cover(crypto[kind]?.prototype, 'generateKeys');
	cover(crypto.Sign.prototype, 'sign');
	for (const name of ['getRandomValues', 'randomUUID'])
		cover(Object.getPrototypeOf(crypto.webcrypto), name);
	for (const name of ['generateKey', 'sign', 'encrypt'])
		cover(Object.getPrototypeOf(subtle), name);
	cover(tls, 'connect');
	cover(tls.Server.prototype, 'listen');
	Math.random = {
		random() {
			check();
			return random();
		},
	}.random;
	syncBuiltinESMExports();
}

// Says at the start what cannot be done after a restore.
function tryAll() {
	try {
		if (!sysgenid.feedOpenSSL(sysgenid.freshBytes(48)))
			report('OpenSSL cannot be renewed: sysgenid.node is not built, or this is not Node');
	} catch (error) {
		report(`nothing can be renewed: ${error.message}`);
	}
}

if (wish !== 'off' && sysgenid.generation() === undefined) {
	report(`no generation counter: ${sysgenid.error.message}`);
} else if (wish !== 'off') {
	seen = sysgenid.generation();
	coverAll();
	sysgenid.renew = checkQuietly;
	// Handshakes draw in C++, where no look is: they are late by this.
	const { setInterval } = require('node:timers');

	setInterval(checkQuietly, 20).unref();
	tryAll();
}

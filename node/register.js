// SPDX-License-Identifier: LGPL-2.1-or-later
'use strict';
// The switch, for programs that nobody changes: node --require .../register.js, or NODE_OPTIONS. Each draw looks at the
// generation first. SYSGENID_NODE=off, warn, strict: as SYSGENID_PYTHON.
const crypto = require('node:crypto');
const { syncBuiltinESMExports } = require('node:module');
const sysgenid = require('./index.js');

const STOCK_OF_UUIDS = 128; // randomUUID draws that many at once, for itself and randomUUIDv7
const STOCK_OF_INTS = 1024; // randomInt draws 6 bytes for each of them at once
// What cannot draw, of crypto, tls and subtle. Of classes it goes for all methods.
const NEVER_DRAW = new Set(['createCipher', 'createDecipher', 'createDecipheriv', 'createHash', 'createHmac', 'createSecretKey',
	'createVerify', 'getCipherInfo', 'getCiphers', 'getCurves', 'getFips', 'getHashes', 'hash', 'publicDecrypt', 'secureHeapUsed',
	'setEngine', 'setFips', 'timingSafeEqual', 'verify', 'hkdf', 'hkdfSync', 'pbkdf2', 'pbkdf2Sync', 'scrypt', 'scryptSync',
	'argon2', 'argon2Sync',
	'Certificate', 'Cipher', 'Decipher', 'Decipheriv', 'Hash', 'Hmac', 'KeyObject', 'Verify', 'X509Certificate',
	'checkServerIdentity', 'convertALPNProtocols', 'getCACertificates', 'getCertificateCompressionAlgorithms',
	'setDefaultCACertificates', 'digest']);
// Threads of libuv draw for these, later than the look. What they give can be thrown away and drawn again.
const REPEATED = new Set(['generateKey', 'generateKeyPair', 'generatePrime', 'prng', 'pseudoRandomBytes', 'randomBytes',
	'randomFill', 'randomInt', 'rng']);
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

function raise(error) {
	throw error;
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

function callAgain(target, self, args) {
	// Also where a timer has renewed already: a stock of randomInt's may have been filled after that.
	seen = undefined;
	check();
	return callRepeated(target, self, args);
}

function callWithCallback(target, self, args, place) {
	const before = sysgenid.generation();

	function answer(...results) {
		if (sysgenid.generation() === before)
			return Reflect.apply(args[place], this, results);
		try {
			return callAgain(target, self, args);
		} catch (error) {
			return args[place](error);
		}
	}
	return Reflect.apply(target, self, [...args.slice(0, place), answer, ...args.slice(place + 1)]);
}

const isFunction = (value) => typeof value === 'function';

// Calls a function and, if the program was restored before its answer came, once more.
function callRepeated(target, self, args) {
	const place = args.findLastIndex(isFunction);

	if (place >= 0)
		return callWithCallback(target, self, args, place);
	const answer = Reflect.apply(target, self, args);

	if (!(answer instanceof Promise))
		return answer;
	const before = sysgenid.generation();

	return answer.then((key) => (sysgenid.generation() === before ? key : callAgain(target, self, args)));
}

// Puts the look in front of a function. A proxy has all else from the function, such as the symbol by which util.promisify
// knows that generateKeyPair gives two keys. refuse: what the call gives where "strict" forbids it.
function cover(object, name, refuse = raise) {
	const original = object?.[name];

	if (typeof original !== 'function')
		return;
	const call = REPEATED.has(name) ? callRepeated : Reflect.apply;

	replace(object, name, new Proxy(original, {
		apply(target, self, args) {
			try {
				check();
			} catch (error) {
				return refuse(error);
			}
			return call(target, self, args);
		},
		construct(target, args, derived) {
			check();
			return Reflect.construct(target, args, derived);
		},
	}));
}

// A rule, since a list of what draws would not have a newer Node's functions.
function coverMethods(object, refuse) {
	for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object)))
		if (typeof value === 'function' && name !== 'constructor' && !NEVER_DRAW.has(name))
			cover(object, name, refuse);
}

function coverModule(module) {
	coverMethods(module);
	for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(module))) {
		if (!/^[A-Z]/.test(name) || typeof value !== 'function' || NEVER_DRAW.has(name))
			continue;
		replace(value.prototype, 'constructor', value);
		// A socket's methods run in handshakes, where an error would end the program.
		if (name !== 'TLSSocket')
			coverMethods(value.prototype);
	}
}

// Draws a salt and an IV where it encrypts. Only a key leads to its class: that one has the private number 1.
function coverExport() {
	const key = { kty: 'EC', crv: 'P-256', x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
		y: 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU', d: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE' };

	try {
		cover(Object.getPrototypeOf(crypto.createPrivateKey({ key, format: 'jwk' })), 'export');
	} catch (error) {
		report(`export is not mended: ${error.message}`);
	}
}

function coverAll() {
	const tls = require('node:tls');
	const { subtle } = crypto.webcrypto;

	coverExport();
	// Node makes functions of these getters when they are asked for.
	for (const name of ['prng', 'pseudoRandomBytes', 'rng'])
		void crypto[name];
	coverModule(crypto);
	for (const name of ['getRandomValues', 'randomUUID'])
		cover(Object.getPrototypeOf(crypto.webcrypto), name);
	coverMethods(Object.getPrototypeOf(subtle), (error) => Promise.reject(error));
	// The servers of https and http2 call the methods of this one.
	coverModule(tls);
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
	tryAll();
	coverAll();
	sysgenid.renew = checkQuietly;
	// Handshakes draw in C++, where no look is: they are late by this.
	const { setInterval } = require('node:timers');

	setInterval(checkQuietly, 20).unref();
}

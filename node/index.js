// SPDX-License-Identifier: LGPL-2.1-or-later
'use strict';
// For programs that know about restores:
//
//	const sysgenid = require('sysgenid');
//	sysgenid.generation()			the number; undefined: there is no counter
//	sysgenid.changed(seen)			look before each use of what must not exist twice
//	sysgenid.incarnation()			16 bytes that no other copy has; undefined: not known, or no addon
//	await sysgenid.awaitRestore()		restored, or dumped and going on?
//	sysgenid.on('restore', (generation) => ...)	within POLL_MS after it; it does not keep the program alive
const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const { defaultPath, loadAddon, open, pause } = require('./counter.js');

const POLL_MS = 20;
const KERNEL_WAIT_MS = 1000;
const INCARNATION_WAIT_MS = 10000;
const addon = loadAddon();
const events = new EventEmitter();
let counter;
let timer;
let late = false; // a wait has reached its limit: nobody waits again until the kernel has caught up

try {
	counter = open(defaultPath(), addon);
} catch (error) {
	events.error = error;
}

events.generation = () => counter?.generation();
// Who one is: 16 bytes that no other copy has. Waits for the reseed after a restore, but not for long. undefined: not known.
events.incarnation = () => {
	if (counter === undefined || !events.waitReseeded())
		return undefined;
	return counter.incarnation();
};
// register.js puts its own here: what it renews is renewed before the program hears of a restore.
events.renew = () => {};
events.changed = (seen) => counter !== undefined && counter.changed(seen);

function readDevice(bytes) {
	const fd = fs.openSync('/dev/urandom', 'r');

	try {
		for (let got = 0; got < bytes.length;) {
			const more = fs.readSync(fd, bytes, got, bytes.length - got, null);

			// Some put an empty file or /dev/null there.
			if (more === 0)
				throw new Error('/dev/urandom gives no bytes');
			got += more;
		}
	} finally {
		fs.closeSync(fd);
	}
}

// Not crypto.randomBytes: OpenSSL keeps a state that a clone has as well. The addon needs neither a free descriptor nor /dev.
events.freshBytes = (size) => {
	const bytes = Buffer.alloc(size);

	if (!addon?.random(bytes))
		readDevice(bytes);
	return bytes;
};

// Waits, but not for long, until the kernel's generator has followed; false: it has not.
events.waitReseeded = () => {
	const end = performance.now() + KERNEL_WAIT_MS;

	while (!counter.reseeded()) {
		if (late || performance.now() > end) {
			late = true;
			return false;
		}
		pause(1);
	}
	late = false;
	return true;
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// What the generation is by now, and its incarnation: undefined if the generation has not got one in time.
async function identify() {
	const end = performance.now() + INCARNATION_WAIT_MS;

	for (;;) {
		const generation = counter.generation();
		const incarnation = counter.incarnation();
		const now = counter.look();

		if (incarnation !== undefined && now.generation === generation)
			return { ...now, incarnation };
		// Otherwise the reseed is still to come, or the generation has moved on between the two.
		if (!counter.keepsIncarnation() || performance.now() >= end)
			return { ...now, incarnation: undefined };
		await sleep(1);
	}
}

// Resolves when this process, container or machine was restored, or was dumped and goes on: { what: 'restore' or 'resume',
// generation, incarnation }; undefined: "timeout" milliseconds are over. One call lasts from before a dump until after the
// restore. "after" is what the last call has resolved to, so that nothing between the two calls is missed.
events.awaitRestore = async ({ timeout = Infinity, after } = {}) => {
	if (counter === undefined)
		throw events.error;
	const end = performance.now() + timeout;
	const before = after ?? counter.look();

	while (counter.generation() === before.generation) {
		if (performance.now() >= end)
			return undefined;
		await sleep(Math.min(POLL_MS, end - performance.now()));
	}
	const now = await identify();

	events.renew();
	return { what: now.restored === before.restored ? 'resume' : 'restore', ...now };
};

// false: OpenSSL cannot be reached from here.
events.feedOpenSSL = (bytes) => addon !== undefined && addon.feed(bytes);

function watch() {
	let seen = counter.generation();

	timer = setInterval(() => {
		const now = counter.generation();

		if (now === seen)
			return;
		seen = now;
		events.renew();
		events.emit('restore', now);
	}, POLL_MS);
	timer.unref();
}

events.on('newListener', (name) => {
	if (name === 'restore' && counter && !timer)
		watch();
});

module.exports = events;

// SPDX-License-Identifier: LGPL-2.1-or-later
'use strict';
// For programs that know about restores:
//
//	const sysgenid = require('sysgenid');
//	sysgenid.generation()			the number; undefined: there is no counter
//	sysgenid.changed(seen)			look before each use of what must not exist twice
//	sysgenid.incarnation()			16 bytes that no other copy has; undefined: not known, or no addon
//	sysgenid.on('restore', (generation) => ...)	within POLL_MS after it; it does not keep the program alive
const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const { defaultPath, loadAddon, open } = require('./counter.js');

const POLL_MS = 20;
const KERNEL_WAIT_MS = 1000;
const addon = loadAddon();
const events = new EventEmitter();
let counter;
let timer;

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
events.changed = (seen) => counter !== undefined && counter.generation() !== seen;

// Not crypto.randomBytes: OpenSSL keeps a state that a clone has as well.
events.freshBytes = (size) => {
	const fd = fs.openSync('/dev/urandom', 'r');
	const bytes = Buffer.alloc(size);

	try {
		for (let got = 0; got < size;)
			got += fs.readSync(fd, bytes, got, size - got, null);
	} finally {
		fs.closeSync(fd);
	}
	return bytes;
};

// Waits, but not for long, until the kernel's generator has followed; false: it has not.
events.waitReseeded = () => {
	const end = Date.now() + KERNEL_WAIT_MS;

	while (!counter.reseeded()) {
		if (Date.now() > end)
			return false;
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
	}
	return true;
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
		events.emit('restore', now);
	}, POLL_MS);
	timer.unref();
}

events.on('newListener', (name) => {
	if (name === 'restore' && counter && !timer)
		watch();
});

module.exports = events;

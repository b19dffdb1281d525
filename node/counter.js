// SPDX-License-Identifier: LGPL-2.1-or-later
'use strict';
// The generation counter: mapped by the addon, or read. As counterfile-page.c and handle.c in C.
const fs = require('node:fs');
const { lookByNetlink } = require('./control.js');

const DEVICE = '/dev/sysgenid';
const OVERFLOW_UID = 65534; // how a user namespace shows the host's root
const PAGE = 4096;
const MAGIC = 0x47735953;
const MISC_MAJOR = 10;
const SYNC_MS = 1000;
// Indices of 32-bit words: the hypervisor's counter in the second page, and the one that the generation stands for.
const [VMCLOCK, KNOWN] = [0x68 / 4, 80 / 4];
const [RESUMED, RESTORED] = [104 / 4, 108 / 4];
const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;

// undefined: not built, or for another system.
function loadAddon() {
	try {
		return require('./sysgenid.node');
	} catch {
		return undefined;
	}
}

// Whoever starts a program with other rights must not choose what it takes for the counter.
function defaultPath() {
	if (process.getuid() !== process.geteuid() || process.getgid() !== process.getegid())
		return DEVICE;
	return process.env.SYSGENID_PATH || DEVICE;
}

function checkFile(fd, status) {
	const page = Buffer.alloc(80);

	if (status.mode & 0o022 || ![0, OVERFLOW_UID, process.geteuid()].includes(status.uid) || status.size !== PAGE ||
	    fs.readSync(fd, page, 0, 80, 0) !== 80 || page.readUInt32LE(64) !== MAGIC || page.readUInt32LE(68) !== 1)
		throw new Error('that is not a counter file: it has another form, or others can write it');
}

// Without the addon each look is a read: a microsecond for a file, some for the device, which answers EAGAIN as long as
// nothing has happened since it was opened.
function openReader(path) {
	const status = fs.statSync(path);

	if (!status.isFile() && !(status.isCharacterDevice() && status.rdev >> 8 === MISC_MAJOR))
		throw new Error('that is not the generation counter');
	const fd = fs.openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	const word = Buffer.alloc(4);

	if (status.isFile()) {
		const wordAt = (index) => (fs.readSync(fd, word, 0, 4, 4 * index), word.readUInt32LE(0));

		checkFile(fd, fs.fstatSync(fd));
		return { generation: () => wordAt(0), wordAt };
	}
	let last = 0;
	const generation = () => {
		const limit = Error.stackTraceLimit;

		Error.stackTraceLimit = 0;
		try {
			fs.readSync(fd, word, 0, 4, null);
			last = word.readUInt32LE(0);
		} catch (error) {
			if (error.code !== 'EAGAIN')
				throw error;
		} finally {
			Error.stackTraceLimit = limit;
		}
		return last;
	};

	return { generation };
}

// Of a counter file, which containers may share: as lib/incarnation.c in C. undefined: /proc does not show enough.
function tellApart(words) {
	try {
		words[0] ^= fs.statSync('/proc/self/ns/pid').ino;
		return words;
	} catch {
		return undefined;
	}
}

// undefined: the counter does not keep it, or the reseed is still to come.
function readIncarnation(page, isFile) {
	const now = page[0];

	if (!(page[18] & 2) || page[19] !== now)
		return undefined;
	let words = page.slice(22, 26);

	// Between the two looks at the generation: a copy has another namespace.
	if (isFile)
		words = tellApart(words);
	return words && page[0] === now ? Buffer.from(words.buffer) : undefined;
}

function pause(ms) {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

// The counter's page, and the device's second one.
function openMapped(path, addon) {
	const [first, second] = addon.map(path);
	const page = new Uint32Array(first);
	const clock = second && new Uint32Array(second);
	const isFile = fs.statSync(path).isFile();
	let late = false; // a wait has reached its limit: nobody waits again until the kernel has followed

	// Has the hypervisor restored this machine, and the kernel not moved the generation yet?
	const isBehind = () => clock !== undefined && (clock[VMCLOCK] !== page[KNOWN] || clock[VMCLOCK + 1] !== page[KNOWN + 1]);

	// Has the kernel look, and waits, but not for long, until it has followed.
	function sync() {
		const end = performance.now() + SYNC_MS;

		for (;;) {
			addon.ask(second);
			if (!isBehind())
				break;
			if (late || performance.now() >= end) {
				late = true;
				return;
			}
			pause(1);
		}
		late = false;
	}
	function generation() {
		if (isBehind())
			sync();
		return page[0];
	}
	return {
		generation,
		// Loads in this order: the memory is shared, which a plain array does not tell the compiler.
		wordAt: (index) => (index < page.length ? Atomics.load(page, index) : 0),
		changed: (seen) => generation() !== seen || isBehind(),
		reseeded: () => (!(page[18] & 1) || page[19] === generation()) && !isBehind(),
		incarnation: () => readIncarnation(page, isFile),
		keepsIncarnation: () => (page[18] & 2) !== 0 && (!isFile || tellApart(new Uint32Array(4)) !== undefined),
	};
}

// The generation, and the one that the last restore has begun.
function makeLook(path, wordAt, addon) {
	if (fs.statSync(path).isFile())
		return () => {
			for (;;) {
				const generation = wordAt(0);
				const restored = wordAt(RESUMED) === generation ? wordAt(RESTORED) : generation;

				// Otherwise the process was dumped, or the file has moved, between two of these.
				if (wordAt(0) === generation)
					return { generation, restored };
			}
		};
	if (!addon)
		return () => {
			throw new Error('sysgenid.node is not built: only it can ask the kernel what has happened');
		};
	return () => lookByNetlink(addon.exchange);
}

// { generation(): the number now; changed(seen): also where the kernel does not follow the hypervisor;
//   reseeded(): has the kernel's generator followed, as far as that can be known; incarnation(): 16 bytes;
//   keepsIncarnation(): is there ever one; look(): { generation, restored } }
function open(path, addon) {
	const counter = addon ? openMapped(path, addon) : {
		...openReader(path),
		changed: (seen) => counter.generation() !== seen,
		reseeded: () => true,
		incarnation: () => undefined,
		keepsIncarnation: () => false,
	};

	return { ...counter, look: makeLook(path, counter.wordAt, addon) };
}

module.exports = { defaultPath, loadAddon, open, pause };

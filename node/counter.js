// SPDX-License-Identifier: LGPL-2.1-or-later
'use strict';
// The generation counter: mapped by the addon, or read. As counterfile-page.c and handle.c in C.
const fs = require('node:fs');

const DEVICE = '/dev/sysgenid';
const OVERFLOW_UID = 65534; // how a user namespace shows the host's root
const PAGE = 4096;
const MAGIC = 0x47735953;
const MISC_MAJOR = 10;
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
		checkFile(fd, fs.fstatSync(fd));
		return () => (fs.readSync(fd, word, 0, 4, 0), word.readUInt32LE(0));
	}
	let last = 0;

	return () => {
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
}

// undefined: the counter does not keep it, or the reseed is still to come.
function readIncarnation(page) {
	const now = page[0];

	if (!(page[18] & 2) || page[19] !== now)
		return undefined;
	const words = page.slice(22, 26);

	return page[0] === now ? Buffer.from(words.buffer) : undefined;
}

// { generation(): the number now; reseeded(): has the kernel's generator followed, as far as that can be known;
//   incarnation(): 16 bytes }
function open(path, addon) {
	if (!addon)
		return { generation: openReader(path), reseeded: () => true, incarnation: () => undefined };
	const page = new Uint32Array(addon.map(path));

	return {
		generation: () => page[0],
		reseeded: () => !(page[18] & 1) || page[19] === page[0],
		incarnation: () => readIncarnation(page),
	};
}

module.exports = { defaultPath, loadAddon, open };

// SPDX-License-Identifier: LGPL-2.1-or-later

// A session number that no clone has: see ../bindings.md. Node cannot map a file by itself, so each
// look is a read, which takes about a microsecond. The device answers EAGAIN as long as nothing has
// happened since it was opened. A read has the kernel look at the hypervisor's counter as well.
import fs from 'node:fs';
import readline from 'node:readline';

const { O_RDONLY, O_NONBLOCK } = fs.constants;
const buffer = Buffer.alloc(4);
let counter; // undefined: there is no counter, and nothing can be noticed
let seen;
let session; // what must not exist twice

// A device has no positions to read from, and a file in its place has to be read from the start.
function look() {
	if (counter === undefined)
		return seen;
	try {
		fs.readSync(counter.fd, buffer, 0, 4, counter.isFile ? 0 : null);
	} catch (error) {
		if (error.code !== 'EAGAIN')
			throw error;
		return seen;
	}
	return buffer.readUInt32LE(0);
}

function openCounter() {
	try {
		const path = process.env.SYSGENID_PATH ?? '/dev/sysgenid';
		const fd = fs.openSync(path, O_RDONLY | O_NONBLOCK);
		counter = { fd, isFile: fs.fstatSync(fd).isFile() };
	} catch {
		return;
	}
	seen = look();
}

function kernelBytes(size) {
	const urandom = fs.openSync('/dev/urandom', 'r');
	const bytes = Buffer.alloc(size);

	// Not crypto.randomBytes: OpenSSL keeps a state that a clone has as well.
	fs.readSync(urandom, bytes, 0, size, null);
	fs.closeSync(urandom);
	return bytes;
}

function sessionNumber() {
	const now = look();

	if (now !== seen)
		session = undefined; // made by somebody we were once
	seen = now;
	session ??= kernelBytes(8).toString('hex');
	return session;
}

openCounter();
for await (const _ of readline.createInterface({ input: process.stdin }))
	console.log(sessionNumber());

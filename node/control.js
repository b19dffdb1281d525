// SPDX-License-Identifier: LGPL-2.1-or-later
'use strict';
// What the kernel says about the caller's domain, over generic netlink. The uapi header is the specification.
const os = require('node:os');

const HEADER = 20; // nlmsghdr and genlmsghdr
const [NLM_F_REQUEST, NLMSG_ERROR] = [1, 2];
const [GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME] = [16, 3, 1, 2];
const [CMD_GET, A_GENERATION, A_RESTORED] = [1, 1, 12];
const LITTLE = os.endianness() === 'LE';

const u16 = (bytes, at) => LITTLE ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
const u32 = (bytes, at) => LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);

function message(family, command, attribute = Buffer.alloc(0)) {
	const bytes = Buffer.alloc(HEADER);

	new Uint32Array(bytes.buffer, bytes.byteOffset, 1)[0] = HEADER + attribute.length;
	new Uint16Array(bytes.buffer, bytes.byteOffset + 4, 2).set([family, NLM_F_REQUEST]);
	bytes.set([command, 1], 16);
	return Buffer.concat([bytes, attribute]);
}

function text(kind, value) {
	const bytes = Buffer.alloc((4 + value.length + 1 + 3) & ~3);

	new Uint16Array(bytes.buffer, bytes.byteOffset, 2).set([4 + value.length + 1, kind]);
	bytes.write(value, 4);
	return bytes;
}

// The attributes of an answer: kind to bytes.
function parse(answer) {
	const found = new Map();

	if (answer.length < HEADER)
		throw new Error("the kernel's answer is damaged");
	if (u16(answer, 4) === NLMSG_ERROR) {
		const code = -(u32(answer, 16) | 0);
		const name = Object.keys(os.constants.errno).find((key) => os.constants.errno[key] === code);

		throw new Error(`netlink family sysgenid: ${name === 'ENOENT' ? 'the kernel module sysgenid is not loaded' : name ?? code}`);
	}
	for (let at = HEADER; at + 4 <= answer.length;) {
		const size = u16(answer, at);

		if (size < 4 || at + size > answer.length)
			throw new Error("the kernel's answer is damaged");
		found.set(u16(answer, at + 2), answer.subarray(at + 4, at + size));
		at += (size + 3) & ~3;
	}
	return found;
}

// exchange: sends a message, returns the answer
function lookByNetlink(exchange) {
	const family = parse(exchange(message(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, text(CTRL_ATTR_FAMILY_NAME, 'sysgenid'))));
	const answer = parse(exchange(message(u16(family.get(CTRL_ATTR_FAMILY_ID), 0), CMD_GET)));
	const generation = u32(answer.get(A_GENERATION), 0);

	// Modules of earlier releases know no resume.
	return { generation, restored: answer.has(A_RESTORED) ? u32(answer.get(A_RESTORED), 0) : generation };
}

module.exports = { lookByNetlink };

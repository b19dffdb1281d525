// SPDX-License-Identifier: GPL-2.0-only
// Random numbers over a Unix socket, from Debian's node as it is: "randomBytes randomUUID randomUUID-with-stock Math.random". usage: random-server.mjs SOCKET
import crypto from 'node:crypto';
import net from 'node:net';

net.createServer((connection) => {
	connection.end(`${crypto.randomBytes(8).toString('hex')} ${crypto.randomUUID({ disableEntropyCache: true })} ${crypto.randomUUID()} ${Math.random()}\n`);
}).listen(process.argv[2]);

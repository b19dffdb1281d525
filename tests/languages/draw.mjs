// SPDX-License-Identifier: GPL-2.0-only
// Public sources of randomness of Node, Deno and Bun. usage: draw.mjs GO    (see table)
import crypto from 'node:crypto';
import fs from 'node:fs';

const sources = {
	'Math.random': () => Math.random(),
	'crypto.randomUUID': () => crypto.randomUUID(),
	'crypto.randomUUID without its stock': () => crypto.randomUUID({ disableEntropyCache: true }),
	'crypto.randomBytes': () => crypto.randomBytes(8).toString('hex'),
	'crypto.randomInt': () => crypto.randomInt(2 ** 40),
	'crypto.getRandomValues': () => Buffer.from(crypto.webcrypto.getRandomValues(new Uint8Array(8))).toString('hex'),
	'crypto.generateKeyPair': () => crypto.generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x,
	'names of fs.mkdtemp': () => fs.mkdtempSync('/tmp/draw-'),
};

function draw() {
	return Object.entries(sources).map(([name, source]) => [name, source(), source(), source()]);
}

draw();
console.log('ready');
const timer = setInterval(() => {
	if (!fs.existsSync(process.argv[2]))
		return;
	clearInterval(timer);
	const [name, version] = ['Deno', 'Bun', 'Node'].map((name) => [name, process.versions[name.toLowerCase()]])
		.find(([, version]) => version);
	const language = `${name} ${version.split('.').slice(0, name === 'Node' ? 1 : 2).join('.')}`;

	for (const words of draw())
		console.log([language, ...words].join('\t'));
	console.log('done');
	setTimeout(() => {}, 3600000);
}, 100);

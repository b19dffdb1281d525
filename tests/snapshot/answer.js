// SPDX-License-Identifier: GPL-2.0-only
// Answers each line by the package for Node. usage: node --random-seed=1 answer.js generation|draw|plain
const what = process.argv[2];
const sysgenid = require('../../build/node/index.js');

if (what === 'draw')
	require('../../build/node/register.js');
require('node:readline').createInterface({ input: process.stdin })
	.on('line', () => console.log(what === 'generation' ? sysgenid.generation() : Math.random()));

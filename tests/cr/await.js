// SPDX-License-Identifier: GPL-2.0-only
// Waits by the package for Node, and says what it was told, as "sysgenid await" does.
const sysgenid = require('../../build/node/index.js');

sysgenid.awaitRestore().then((told) => {
	console.log(`node: ${told.what} generation ${told.generation} incarnation ${told.incarnation.toString('hex')}`);
	setTimeout(() => {}, 1000000);
});
console.log('node waits');

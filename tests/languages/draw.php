<?php
// SPDX-License-Identifier: GPL-2.0-only
// Public sources of randomness of PHP. usage: draw.php GO    (see table)
$sources = [
	'rand' => fn () => rand(),
	'mt_rand' => fn () => mt_rand(),
	'lcg_value' => fn () => lcg_value(),
	'random_int' => fn () => random_int(0, PHP_INT_MAX),
	'random_bytes' => fn () => bin2hex(random_bytes(8)),
	'str_shuffle' => fn () => str_shuffle('abcdefghijklmnopqrstuvwxyz'),
	'uniqid, its entropy' => fn () => substr(uniqid('', true), 14),
	'spl_object_hash' => fn () => spl_object_hash($GLOBALS['sources']['rand']),
];
if (function_exists('openssl_random_pseudo_bytes'))
	$sources['openssl_random_pseudo_bytes'] = fn () => bin2hex(openssl_random_pseudo_bytes(8));
if (class_exists('Random\Randomizer')) {
	$mt = new Random\Randomizer(new Random\Engine\Mt19937());
	$secure = new Random\Randomizer();
	$sources['Random\Randomizer(Mt19937)'] = fn () => $mt->nextInt();
	$sources['Random\Randomizer()'] = fn () => $secure->getInt(0, PHP_INT_MAX);
}

function draw(array $sources): array
{
	$drawn = [];
	foreach ($sources as $name => $source)
		$drawn[] = [$name, $source(), $source(), $source()];
	return $drawn;
}

draw($sources);
echo "ready\n";
while (!file_exists($argv[1])) {
	clearstatcache();
	usleep(100000);
}
foreach (draw($sources) as $words)
	echo implode("\t", ['PHP ' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION, ...$words]), "\n";
echo "done\n";
sleep(3600);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What looking at the counter costs: the mapped word, alone and with the hypervisor's VMClock page
 * (three loads in place of one), against a word in the program's own memory, read and getrandom.
 */
#include <sys/random.h>
#include <unistd.h>

#include <libsysgenid.h>

#include "bench.h"

#define ROUNDS 21

static struct sysgenid *id;
static uint32_t seen;
static struct sysgenid_page own_page; /* what a plain load is measured on */
static struct sysgenid own = { .page = &own_page, .fd = -1 };
static struct sysgenid alone; /* id without the VMClock page */

/* Not inlined, so that all loops are the same code on other pointers. */
static __attribute__((noinline)) unsigned int look(const struct sysgenid *handle, long n)
{
	unsigned int changes = 0;

	while (n--)
		changes += sysgenid_changed(handle, &seen);
	return changes;
}

static void own_word(long n)
{
	seen = 0;
	if (look(&own, n))
		bench_die("the program's own word changed");
}

static void mapped(const struct sysgenid *handle, long n)
{
	seen = sysgenid_generation(handle);
	if (look(handle, n))
		bench_die("the generation changed");
}

static void mapped_word(long n)
{
	mapped(&alone, n);
}

/* What sysgenid_open() gives; the page is there without a hypervisor, too, and then all zeros. */
static void mapped_words(long n)
{
	mapped(id, n);
}

/* The file is non-blocking and up to date: the cheapest answer that read can give. */
static void read_word(long n)
{
	uint32_t generation;

	while (n--)
		if (read(id->fd, &generation, sizeof(generation)) >= 0 || errno != EAGAIN)
			bench_die("read");
}

static void random_word(long n)
{
	uint32_t word;

	while (n--)
		if (getrandom(&word, sizeof(word), 0) != sizeof(word))
			bench_die("getrandom");
}

static const struct {
	const char *name;
	void (*run)(long n);
	long n;
} ways[] = {
	{ "a word in own memory", own_word, 5000000 },
	{ "the mapped word alone", mapped_word, 5000000 },
	{ "with the VMClock page", mapped_words, 5000000 },
	{ "read of the device", read_word, 20000 },
	{ "getrandom of 4 bytes", random_word, 20000 },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* Usage: check-cost [ROUNDS] */
int main(int argc, char **argv)
{
	const int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
	static double ns[WAYS][ROUNDS];
	double base;

	if (rounds < 1 || rounds > ROUNDS)
		bench_die("too many rounds");

	if (sysgenid_open(&id, NULL, 0))
		bench_die("cannot open the counter");
	if (!id->vmclock)
		bench_die("the module has no second page");
	alone = *id;
	alone.vmclock = NULL;
	/* In turn, so that a change of the machine's speed meets all. */
	for (int round = 0; round < rounds; round++) {
		for (size_t way = 0; way < WAYS; way++) {
			double start = bench_now();

			ways[way].run(ways[way].n);
			ns[way][round] = (bench_now() - start) / ways[way].n;
		}
	}
	base = bench_median(ns[0], rounds);
	for (size_t way = 0; way < WAYS; way++) {
		double median = bench_median(ns[way], rounds);

		printf("check: %-22s %10.2f ns  %8.2fx\n", ways[way].name, median, median / base);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A counter file's page, whatever is in it: what is raised moves, is never 0, and is as high as was
 * asked for.
 */
#include "counterfile-page.h"

#include <errno.h>
#include <sys/stat.h>

#include "fuzz.h"

static int make_file(const uint8_t *data, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = fuzz_file(data, size < page ? size : page);

	must(!ftruncate(fd, (off_t)page));
	must(!fchmod(fd, 0644));
	return fd;
}

static void raise_it(struct sysgenid_page *page, uint32_t min)
{
	uint32_t before = page->generation, after = counterfile_raise(page, min);

	must(after != before && after == page->generation);
	must(after);
	must(after >= min || before == UINT32_MAX || before >= min);
	counterfile_reseeded(page, after);
	must(!(page->flags & SYSGENID_PAGE_F_RNG) || page->rng_generation == after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sysgenid_page *page;
	uint32_t min;
	int fd, result;

	if (size < sizeof(min))
		return 0;
	memcpy(&min, data, sizeof(min));
	fd = make_file(data + sizeof(min), size - sizeof(min));
	result = counterfile_map(fd, true, &page);
	must(result == 0 || result == -ENOTTY);
	if (!result) {
		raise_it(page, min);
		raise_it(page, page->generation);
		raise_it(page, UINT32_MAX);
		raise_it(page, min);
		counterfile_unmap(page);
	}
	close(fd);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * /etc/sysgenid/criu.conf: no line before it takes the last line's effect away, and a name in the
 * registry or in a message has no line of its own.
 */
#include "config.h"

#include "criu_abi.h"
#include "fuzz.h"

void print_on_level(unsigned int level, const char *format, ...)
{
	(void)level;
	(void)format;
}

static struct sysgenid_config parse(const uint8_t *data, size_t size, const char *last)
{
	struct sysgenid_config config = { 0 };
	size_t length = strlen(last);
	char *text = malloc(size + length + 1);

	must(text);
	if (size)
		memcpy(text, data, size);
	memcpy(text + size, last, length + 1);
	sysgenid_config_parse(text, size + length, "criu.conf", &config);
	free(text);
	return config;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sysgenid_config alone = parse(data, size, "");

	must(parse(data, size, "\nstrict = yes\n").strict);
	must(!parse(data, size, "\nwipe-on-fork = no\n").wipe_on_fork);
	must(parse(data, size, "\nbump-after-dump = yes").bump_after_dump);
	/* A line that is not understood never leaves the file laxer than without it. */
	must(parse(data, size, "\nstrict = what").strict);
	must(!alone.unusable);
	return 0;
}

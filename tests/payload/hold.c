// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds something of the module's until its standard input ends: hold file | mapping | netlink
 * Prints "holding" when it does.
 */
#include <stdio.h>
#include <unistd.h>

#include "device.h"
#include "genl.h"
#include "tap.h"

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	const volatile struct sysgenid_page *page;
	struct genl genl;
	char byte;
	int fd;

	if (strcmp(what, "file") == 0) {
		device_open(O_RDONLY);
	} else if (strcmp(what, "mapping") == 0) {
		fd = device_open(O_RDONLY);
		page = device_map(fd);
		device_close(fd);
		must(page->magic == SYSGENID_PAGE_MAGIC);
	} else if (strcmp(what, "netlink") == 0) {
		must(genl_open(&genl) == 0 && genl_subscribe(&genl, 4096) == 0);
	} else {
		tap_bail("usage: hold file | mapping | netlink");
	}
	puts("holding");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

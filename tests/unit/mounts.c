// SPDX-License-Identifier: GPL-2.0-only
/* What a mountinfo says of counter files, whoever has chosen the names in it. */
#include "mounts.h"

#include <stdlib.h>
#include <sys/sysmacros.h>

#include "tap.h"

#define REST " rw,nosuid shared:12 master:1 - tmpfs tmp\\040fs rw,size=1k\n"

static struct sysgenid_registry_place place;

/* Checks what is found on the device 0:25 by this path. */
static const char *counter_at(const char *root)
{
	static char name[256];
	char line[9000];
	struct sysgenid_mount mount;

	snprintf(line, sizeof(line), "36 35 0:25 %s /mnt" REST, root);
	if (!sysgenid_mount_parse(line, &mount))
		abort();
	return sysgenid_mounted_counter(&mount, &place, name, sizeof(name)) ?: "-";
}

static void finds(const char *root, const char *expected, const char *name)
{
	if (!ok(!strcmp(counter_at(root), expected), name))
		diag("got %s", counter_at(root));
}

static bool parses(const char *text)
{
	char *line = strdup(text);
	struct sysgenid_mount mount;
	bool good = sysgenid_mount_parse(line, &mount);

	free(line);
	return good;
}

static void test_parser(void)
{
	char line[] = "36 35 98:7 /a\\040b\\134 /c\\012d" REST,
	     bare[] = "1 0 0:2 / / rw - sysfs s rw\n";
	struct sysgenid_mount mount;

	ok(sysgenid_mount_parse(line, &mount) && mount.id == 36 && mount.device == makedev(98, 7) &&
		   !strcmp(mount.root, "/a b\\") && !strcmp(mount.point, "/c\nd") &&
		   !strcmp(mount.type, "tmpfs"),
	   "a line is taken apart, and its names are as they were");
	ok(sysgenid_mount_parse(bare, &mount) && !strcmp(mount.type, "sysfs") &&
		   !strcmp(mount.root, "/") && mount.device == makedev(0, 2),
	   "so one without optional words");
	ok(!parses("") && !parses("\n") && !parses("36 35 98:7") && !parses("x 35 98:7 / /" REST) &&
		   !parses("36 35 98 / /" REST) && !parses("36 35 98:7 / / rw tmpfs x rw\n"),
	   "what is no such line is not taken for one");
}

static void test_known(void)
{
	place = (struct sysgenid_registry_place){ makedev(0, 25), "/sysgenid/containers" };
	finds("/sysgenid/containers/one/counter", "one", "the file of a counter");
	finds("/sysgenid/containers/one", "one", "its folder, which has nothing else in it");
	finds("/sysgenid/containers/counter", "counter", "a folder with the name of the file");
	finds("/sysgenid/containers/counter/counter", "counter", "and the file in that");
	finds("/sysgenid/containers", "-", "the whole registry is no counter");
	finds("/", "-", "nor is what the registry lies on");
	finds("/sysgenid/containers/one/counter//deleted", "-", "nor one that was removed");
	finds("/sysgenid/containers/one/other/counter", "-", "nor a file that lies deeper");
	finds("/sysgenid/containers/one/kept", "-", "nor another file in the folder");
	finds("/sysgenid/containers-of/one/counter", "-", "nor one in a folder with a longer name");
	finds("/x/sysgenid/containers/one/counter", "-", "nor one elsewhere on the file system");
	place.device = makedev(0, 26);
	finds("/sysgenid/containers/one/counter", "-", "nor one of the same path on another");
}

static void test_unknown(void)
{
	place = (struct sysgenid_registry_place){ makedev(0, 25), "" };
	finds("/sysgenid/containers/one/counter", "one",
	      "where the path is not known the name counts");
	finds("/x/one", "one", "also of a folder");
	finds("/", "-", "but nothing is no name");
}

int main(void)
{
	char path[9000] = "/sysgenid/containers/";

	test_parser();
	test_known();
	test_unknown();
	place = (struct sysgenid_registry_place){ makedev(0, 25), "/sysgenid/containers" };
	memset(path + strlen(path), 'a', 300);
	finds(path, "-", "a name that is longer than names can be is none");
	return tap_done();
}

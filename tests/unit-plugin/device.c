// SPDX-License-Identifier: GPL-2.0-only
/* Finds the counter's device when the module does not answer. Linked with --wrap=fopen,glob. */
#include <glob.h>
#include <sys/sysmacros.h>

#include "device.h"
#include "tap.h"

static const char *sysfs, *view, *list, *clock0; /* contents of the files; NULL: no such file */

FILE *__wrap_fopen(const char *path, const char *mode);

FILE *__wrap_fopen(const char *path, const char *mode)
{
	const char *text = !strcmp(path, "/sys/class/misc/sysgenid/dev")	   ? sysfs
			   : !strcmp(path, "/sys/class/misc/sysgenid-vmclock/dev") ? view
			   : !strcmp(path, "/sys/class/misc/vmclock0/dev")	   ? clock0
			   : !strcmp(path, "/proc/misc")			   ? list
										   : NULL;

	(void)mode;
	return text ? fmemopen((void *)text, strlen(text), "r") : NULL;
}

int __wrap_glob(const char *pattern, int flags, int (*error)(const char *, int), glob_t *found);

/* One file, or none. */
int __wrap_glob(const char *pattern, int flags, int (*error)(const char *, int), glob_t *found)
{
	static char *paths[] = { (char *)"/sys/class/misc/vmclock0/dev" };

	(void)flags;
	(void)error;
	if (strcmp(pattern, "/sys/class/misc/vmclock*/dev") || !clock0)
		return GLOB_NOMATCH;
	*found = (glob_t){ .gl_pathc = 1, .gl_pathv = paths };
	return 0;
}

/* The result of __wrap_glob() is not allocated. */
void __wrap_globfree(glob_t *found);

void __wrap_globfree(glob_t *found)
{
	(void)found;
}

static struct sysgenid_device find(const char *in_sysfs, const char *in_list)
{
	struct sysgenid_device device = { .number = 0 };

	sysfs = in_sysfs;
	list = in_list;
	sysgenid_device_find(&device);
	return device;
}

static bool is_known(struct sysgenid_device device, unsigned int minor)
{
	return device.state == SYSGENID_DEVICE_KNOWN && device.number == makedev(10, minor);
}

static struct stat node(mode_t mode, unsigned int major, unsigned int minor)
{
	struct stat stat = { .st_mode = mode | 0666, .st_rdev = makedev(major, minor) };

	return stat;
}

static bool may_be(struct sysgenid_device device, struct stat stat)
{
	return sysgenid_device_may_be(&device, &stat);
}

static bool is(struct sysgenid_device device, struct stat stat)
{
	return sysgenid_device_is(&device, &stat);
}

static void test_find(void)
{
	ok(is_known(find("10:250\n", NULL), 250), "sysfs tells the number");
	ok(is_known(find(NULL, "243 sysgenid\n229 fuse\n"), 243), "so does the list of devices");
	ok(is_known(find(NULL, "229 fuse\n 60 x\n243 sysgenid\n"), 243), "... wherever it stands");
	ok(is_known(find("nonsense", "251 sysgenid\n"), 251), "nonsense in sysfs is no answer");
	ok(is_known(find("1:3\n", "251 sysgenid\n"), 251), "nor is a device of another kind");
	ok(find(NULL, "229 fuse\n144 nvram\n").state == SYSGENID_DEVICE_ABSENT,
	   "a list without it says that there is none");
	ok(find(NULL, "243 sysgenid-other\n").state == SYSGENID_DEVICE_ABSENT,
	   "a name that begins alike is another one");
	ok(find(NULL, NULL).state == SYSGENID_DEVICE_UNKNOWN, "without any of them nobody knows");
}

static void test_view(void)
{
	struct stat node_of_view = node(S_IFCHR, 10, 60);
	struct sysgenid_device device;

	device = find(NULL, " 60 sysgenid-vmclock\n243 sysgenid\n");
	ok(is_known(device, 243) && sysgenid_device_is_view(&device, &node_of_view),
	   "the list of devices tells the view's number");
	view = "10:60\n";
	device = find("10:243\n", NULL);
	ok(is_known(device, 243) && sysgenid_device_is_view(&device, &node_of_view),
	   "so does sysfs");
	view = NULL;
	device = find("10:243\n", NULL);
	ok(is_known(device, 243) && !device.view, "control: a module without a view");
}

static enum sysgenid_node kind(struct sysgenid_device device, struct stat stat)
{
	return sysgenid_device_node(&device, &stat);
}

static void test_node(void)
{
	struct sysgenid_device device = find(NULL, " 60 sysgenid-vmclock\n243 sysgenid\n");

	ok(kind(device, node(S_IFCHR, 10, 243)) == SYSGENID_NODE_COUNTER &&
		   kind(device, node(S_IFCHR, 10, 60)) == SYSGENID_NODE_VIEW,
	   "the counter and its view are told apart");
	sysgenid_device_find_clocks(&device);
	ok(kind(device, node(S_IFCHR, 10, 61)) == SYSGENID_NODE_NONE,
	   "without ptp_vmclock no node is the hypervisor's");
	clock0 = "10:61\n";
	sysgenid_device_find_clocks(&device);
	clock0 = NULL;
	ok(kind(device, node(S_IFCHR, 10, 61)) == SYSGENID_NODE_HYPERVISORS,
	   "the hypervisor's node is known by its number, also where sysfs is gone since");
	ok(kind(device, node(S_IFCHR, 10, 62)) == SYSGENID_NODE_NONE &&
		   kind(device, node(S_IFCHR, 1, 61)) == SYSGENID_NODE_NONE &&
		   kind(device, node(S_IFBLK, 10, 61)) == SYSGENID_NODE_NONE,
	   "other nodes are not");
	ok(kind(device, node(S_IFCHR, 10, 60)) == SYSGENID_NODE_VIEW, "nor is the view");
}

static void test_match(void)
{
	struct sysgenid_device known = find("10:243\n", NULL), unknown = find(NULL, NULL),
			       absent = find(NULL, "229 fuse\n");
	struct stat ours = node(S_IFCHR, 10, 243);

	ok(is(known, ours) && may_be(known, ours), "the node with its number is the counter");
	ok(!may_be(known, node(S_IFCHR, 10, 244)) && !may_be(known, node(S_IFCHR, 1, 243)) &&
		   !may_be(known, node(S_IFBLK, 10, 243)) && !may_be(known, node(S_IFREG, 10, 243)),
	   "no other node is");
	ok(!may_be(absent, ours) && !is(absent, ours), "without the module there is no counter");
	ok(may_be(unknown, node(S_IFCHR, 10, 240)) && may_be(unknown, ours) &&
		   may_be(unknown, node(S_IFCHR, 10, 254)),
	   "when nobody knows, each number for local use may be the counter");
	ok(!is(unknown, ours), "... but is not taken for it where that is the question");
	ok(!may_be(unknown, node(S_IFCHR, 10, 239)) && !may_be(unknown, node(S_IFCHR, 10, 255)) &&
		   !may_be(unknown, node(S_IFCHR, 1, 243)) &&
		   !may_be(unknown, node(S_IFBLK, 10, 243)),
	   "... and no other");
}

int main(void)
{
	test_find();
	test_view();
	test_node();
	test_match();
	return done_testing();
}

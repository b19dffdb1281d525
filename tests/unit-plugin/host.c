// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the real sysgenid_plugin.so as criu does, on a machine without the module. Built twice: as
 * criu 3.17.1 and, with NEW_CRIU, with the symbols that criu 4.1 exports.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu_abi.h"
#include "criu-host.h"
#include "messages.h"
#include "tap.h"

/* If set, generic netlink fails, with an error that does not say that the module is missing. */
static bool no_netlink;

int socket(int domain, int type, int protocol)
{
	if (no_netlink && domain == AF_NETLINK) {
		errno = ENOBUFS;
		return -1;
	}
	return (int)syscall(SYS_socket, domain, type, protocol);
}

/* If set, /proc cannot be opened as a directory. */
static bool no_processes;

DIR *opendir(const char *path)
{
	DIR *(*next)(const char *);

	*(void **)&next = dlsym(RTLD_NEXT, "opendir");
	errno = EMFILE;
	return no_processes ? NULL : next(path);
}

/* criu exports these names, too. They must not affect the plugin. */
int opts = 1, root_item = 2;

#ifdef NEW_CRIU
/* The size says that criu has 12 hooks. chain.c tests the contents. */
extern char cr_plugin_table[13 * sizeof(struct criu_link)] __asm__("cr_plugin_ctl");
char cr_plugin_table[13 * sizeof(struct criu_link)];

static bool has_list = true;
static int listed; /* how many times the inventory lists the plugin */

int add_inventory_plugin(const char *name)
{
	(void)name;
	listed++;
	return 0;
}

bool check_and_remove_inventory_plugin(const char *name, size_t n)
{
	if (!has_list)
		return true;
	if (!listed || strncmp(name, "sysgenid", n))
		return false;
	listed--;
	return true;
}
#endif

static struct criu_plugin_desc *plugin;

static int init(int stage)
{
	forget_messages();
	return plugin->init(stage);
}

static void put_image(bool required)
{
	SysgenidImage *image = sysgenid_image_new();
	SysgenidFile file = SYSGENID_FILE__INIT;

	image->counter_required = required;
	image->has_mark = true;
	image->mark = 5;
	file.id = 77;
	file.path = "/dev/sysgenid";
	if (required)
		sysgenid_image_add_file(image, &file);
	if (sysgenid_image_write(image, image_directory))
		abort();
	sysgenid_image_free(image);
}

static void test_descriptor(void)
{
	int (**hooks)(void) = (int (**)(void))plugin->hooks;
	unsigned int early = 0;

	for (unsigned int i = 0; i < plugin->max_hooks; i++)
		early += hooks[i] != NULL;
	ok(!early, "it has no hooks before init: criu would write a line to its log for each");
	init(CRIU_STAGE_PRE_DUMP);
	plugin->exit(CRIU_STAGE_PRE_DUMP, 0);
	ok(!strcmp(plugin->name, "sysgenid") && plugin->version == CRIU_ABI_VERSION,
	   "name and version of the descriptor");
	ok(hooks[2] && hooks[3] && hooks[7] && hooks[8] && hooks[9] && !hooks[0] && !hooks[10],
	   "the hooks are where criu looks for them");
#ifdef NEW_CRIU
	ok(plugin->max_hooks == 12 && hooks[11], "in criu 4.0 and newer it has 12 hooks");
#else
	ok(plugin->max_hooks == 10, "in criu 3.17.1 it has no more than 10 hooks");
#endif
}

static void test_foreign(int stage, const char *when)
{
	int (*ext_file)(int, int), (*vma)(int, const struct stat *);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct stat stat;

	*(void **)&ext_file = plugin->hooks[CRIU_HOOK_DUMP_EXT_FILE];
	*(void **)&vma = plugin->hooks[CRIU_HOOK_HANDLE_DEVICE_VMA];
	fstat(fd, &stat);
	ok(init(stage) == 0 && ext_file(fd, 1) == -ENOTSUP && vma(fd, &stat) == -ENOTSUP,
	   "%s: other devices are left to other plugins", when);
	stat.st_rdev = makedev(10, 243);
	ok(vma(fd, &stat) == -ENOTSUP,
	   "%s: without the module not even the usual number is taken for ours", when);
	close(fd);
	plugin->exit(stage, 0);
}

static void test_dump(void)
{
	struct sysgenid_image_error error = { "" };
	SysgenidImage *image = NULL;
	int directory = image_directory;

	test_foreign(CRIU_STAGE_PRE_DUMP, "pre-dump");
	ok(sysgenid_image_read(directory, &image, &error) == -ENOENT, "pre-dump writes no image");
	test_foreign(CRIU_STAGE_DUMP, "dump");
	if (ok(!sysgenid_image_read(directory, &image, &error), "dump writes its image")) {
		ok(!image->counter_required && !image->has_mark && image->boot_id,
		   "... which requires nothing and knows no mark without the module");
		sysgenid_image_free(image);
	}
	image_directory = -1;
	ok(init(CRIU_STAGE_DUMP) == 0 && warnings && !errors,
	   "a dump whose image cannot be written goes on, with a warning");
	plugin->exit(CRIU_STAGE_DUMP, 0);
	image_directory = directory;
#ifdef NEW_CRIU
	ok(!listed, "a dump of processes that know nothing of us does not list the plugin");
	int (*checkpoint)(int);
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	*(void **)&checkpoint = plugin->hooks[CRIU_HOOK_CHECKPOINT_DEVICES];
	init(CRIU_STAGE_DUMP);
	kill(child, SIGSTOP);
	waitpid(child, NULL, WUNTRACED);
	ok(checkpoint(child) == -ENOTSUP && !warnings,
	   "CHECKPOINT_DEVICES gives the next plugin its turn");
	ok(checkpoint(INT32_MAX) == -ENOTSUP, "... also for a task that is gone");
	plugin->exit(CRIU_STAGE_DUMP, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
#endif
}

/*
 * A problem that is found too late to make the dump fail makes the image unusable, and changes no
 * other file.
 */
static void test_spoiled(void)
{
	static const char victim[] = "victim";
	struct stat before, stat = { 0 };

	put_image(false);
	if (renameat(image_directory, SYSGENID_IMAGE_NAME, image_directory, victim) ||
	    symlinkat(victim, image_directory, SYSGENID_IMAGE_NAME) ||
	    fstatat(image_directory, victim, &before, 0))
		abort();
	ok(init(CRIU_STAGE_RESTORE) < 0, "an image that is a link is refused");
	contains(messages, "it is not a regular file", "... and the message says so");
	init(CRIU_STAGE_DUMP);
	remove_image();
	if (symlinkat(victim, image_directory, SYSGENID_IMAGE_NAME))
		abort();
	no_processes = true;
	plugin->exit(CRIU_STAGE_DUMP, 0);
	no_processes = false;
	contains(messages, "the dump that was made cannot be restored",
		 "a dump whose tasks cannot be found is spoilt");
	ok(!fstatat(image_directory, victim, &stat, 0) && stat.st_size == before.st_size,
	   "... but no file that a link leads to");
	ok(!fstatat(image_directory, SYSGENID_IMAGE_NAME, &stat, AT_SYMLINK_NOFOLLOW) &&
		   S_ISREG(stat.st_mode) && !stat.st_size,
	   "... the link gives way to an empty image");
	ok(init(CRIU_STAGE_RESTORE) < 0, "... which is refused");
	unlinkat(image_directory, victim, 0);
	remove_image();
}

static void test_restore_unrequired(void)
{
	int (*resume)(int), (*ext_file)(int);

	*(void **)&resume = plugin->hooks[CRIU_HOOK_RESUME_DEVICES_LATE];
	*(void **)&ext_file = plugin->hooks[CRIU_HOOK_RESTORE_EXT_FILE];
	put_image(false);
	ok(init(CRIU_STAGE_RESTORE) == 0 && warnings == 1 && !errors,
	   "without the module an image that requires nothing is restored, with one warning");
	contains(messages,
		 "sysgenid: no new generation for this restore: the module sysgenid is not",
		 "... which says what is missing");
	ok(ext_file(3) == -ENOTSUP, "files that are not ours are left to other plugins");
	ok(resume(-1) == -ENOTSUP && resume(0) == -ENOTSUP && resume(INT32_MAX) == -ENOTSUP,
	   "tasks without a number, and tasks that are gone, harm nobody");
	plugin->exit(CRIU_STAGE_RESTORE, 0);
	remove_image();
	ok(init(CRIU_STAGE_RESTORE) == 0 && warnings == 1 && !errors,
	   "so is an image that was made without the plugin");
	plugin->exit(CRIU_STAGE_RESTORE, -1);
}

static void test_restore_refused(void)
{
	int fd;

	put_image(true);
	ok(init(CRIU_STAGE_RESTORE) < 0 && errors == 1,
	   "an image that requires the counter is refused");
	contains(messages, "run 'modprobe sysgenid' and restore again", "... and told what to do");
	contains(messages, "Error (restore.c:", "... in the form of criu's own errors");
	no_netlink = true;
	ok(init(CRIU_STAGE_RESTORE) < 0 && errors == 1,
	   "so it is when the kernel cannot be asked for another reason");
	contains(messages, "No buffer space available", "... which is told");
	no_netlink = false;
	fd = openat(image_directory, SYSGENID_IMAGE_NAME, O_WRONLY | O_CLOEXEC);
	ok(!ftruncate(fd, 30) && init(CRIU_STAGE_RESTORE) < 0, "a truncated image is refused");
	contains(messages, "truncated: 10 of", "... and told how much of it is there");
	ok(!ftruncate(fd, 0) && init(CRIU_STAGE_RESTORE) < 0, "an empty image is refused");
	close(fd);
	remove_image();
}

#ifdef NEW_CRIU
static void test_inventory(void)
{
	remove_image();
	for (int times = 1; times <= 2; times++) {
		listed = times;
		ok(init(CRIU_STAGE_RESTORE) < 0,
		   "an image that lists the plugin %s is refused without sysgenid.img",
		   times == 1 ? "once" : "twice");
		contains(messages, "sysgenid.img is missing", "... and told what is missing");
		ok(!listed, "... the plugin takes itself off the list");
	}
	has_list = false;
	ok(init(CRIU_STAGE_RESTORE) == 0,
	   "an image of an older criu has no list, which is no demand");
	plugin->exit(CRIU_STAGE_RESTORE, -1);
	has_list = true;
}
#endif

int main(void)
{
	void *handle;

	if (!begin_host())
		return 0;
	handle = load_plugin();
	if (!handle)
		return end_host();
	plugin = dlsym(handle, "CR_PLUGIN_DESC");
	test_descriptor();
	test_dump();
	test_spoiled();
	test_restore_unrequired();
	test_restore_refused();
#ifdef NEW_CRIU
	test_inventory();
#endif
	ok(opts == 1 && root_item == 2, "criu's own symbols are not touched");
	dlclose(handle);
	return end_host();
}

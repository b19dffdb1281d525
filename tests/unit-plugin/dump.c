// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests what the real sysgenid_plugin.so leaves in the image directory at a dump, and whether a
 * restore notices that this image is of another dump. Built twice: as criu 3.17.1 and, with
 * NEW_CRIU, as criu 4.1.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu_abi.h"
#include "criu-host.h"
#include "messages.h"
#include "tap.h"

#define TEMPORARY SYSGENID_IMAGE_NAME ".tmp"
#define CLOCKS "timens-0.img"
#define FOREIGN "belongs to another dump"

static struct criu_plugin_desc *plugin;

#ifdef NEW_CRIU
extern char cr_plugin_table[13 * sizeof(struct criu_link)] __asm__("cr_plugin_ctl");
char cr_plugin_table[13 * sizeof(struct criu_link)];

#define FIRST "01234567-89ab-cdef-0123-456789abcdef"
#define SECOND "01234567-89ab-cdef-0123-456789abcdee"
extern char run_id[37] __asm__("criu_run_id");
extern char dump_run_id[37] __asm__("dump_criu_run_id");
char run_id[37] = FIRST, dump_run_id[37];
static bool listed;

int add_inventory_plugin(const char *name)
{
	(void)name;
	return 0;
}

bool check_and_remove_inventory_plugin(const char *name, size_t n)
{
	bool was = listed && !strncmp(name, "sysgenid", n);

	listed = listed && !was;
	return was;
}
#else
extern uint64_t run_id __asm__("criu_run_id");
/*
 * criu_run_id of an old criu has 8 bytes, and all of them could be from a UUID. The plugin must not
 * read past them.
 */
uint64_t run_id = 0x3736353433323130;
#endif

static int init(int stage)
{
	forget_messages();
	return plugin->init(stage);
}

static void dump(void)
{
	if (init(CRIU_STAGE_DUMP))
		abort();
	plugin->exit(CRIU_STAGE_DUMP, 0);
}

/* Returns whether a restore succeeds. Keeps its messages. */
static bool restored(void)
{
	bool good = !init(CRIU_STAGE_RESTORE);

	if (good)
		plugin->exit(CRIU_STAGE_RESTORE, -1);
	return good;
}

static bool is_there(const char *name)
{
	struct stat stat;

	return !fstatat(image_directory, name, &stat, AT_SYMLINK_NOFOLLOW);
}

static SysgenidImage *read_image(void)
{
	struct sysgenid_image_error error = { "" };
	SysgenidImage *image = NULL;

	return sysgenid_image_read(image_directory, &image, &error) ? NULL : image;
}

/* A dump removes an earlier dump's image, even if no new image can be written. */
static void test_earlier(void)
{
	dump();
	if (!is_there(SYSGENID_IMAGE_NAME) || mkdirat(image_directory, TEMPORARY, 0700))
		abort();
	ok(!init(CRIU_STAGE_PRE_DUMP) && is_there(SYSGENID_IMAGE_NAME),
	   "a pre-dump leaves the image that is there");
	plugin->exit(CRIU_STAGE_PRE_DUMP, 0);
	ok(!init(CRIU_STAGE_DUMP) && warnings,
	   "a dump that cannot write its image goes on, with a warning");
	ok(!is_there(SYSGENID_IMAGE_NAME), "... and that of the dump before it is gone");
	plugin->exit(CRIU_STAGE_DUMP, -1);
	ok(!is_there(SYSGENID_IMAGE_NAME), "... also when the dump has failed");
	unlinkat(image_directory, TEMPORARY, AT_REMOVEDIR);
	if (mkdirat(image_directory, SYSGENID_IMAGE_NAME, 0700))
		abort();
	ok(init(CRIU_STAGE_DUMP) < 0, "a dump is refused if what has the image's name stays");
	contains(messages, "dump into an empty directory", "... and told what to do");
	unlinkat(image_directory, SYSGENID_IMAGE_NAME, AT_REMOVEDIR);
}

/* criu 4.0 calls checkpoint_devices in a pre-dump, too. */
static void test_pre_dump(void)
{
	int (*checkpoint)(int);

	*(void **)&checkpoint = plugin->hooks[CRIU_HOOK_CHECKPOINT_DEVICES];
	if (init(CRIU_STAGE_PRE_DUMP))
		abort();
	ok(checkpoint(getpid()) == -ENOTSUP, "a pre-dump is asked for a task");
	plugin->exit(CRIU_STAGE_PRE_DUMP, 0);
	ok(!is_there(SYSGENID_IMAGE_NAME), "... and writes no image");
}

static void test_unbound(void)
{
	SysgenidImage *image;

	dump();
	image = read_image();
	if (!image)
		abort();
	free(image->dump_id);
	image->dump_id = NULL;
	image->has_dump_clocks = false;
	if (sysgenid_image_write(image, image_directory))
		abort();
	sysgenid_image_free(image);
	ok(restored() && !strstr(messages, FOREIGN), "an image that is bound to no dump is used");
}

static void put_file(const char *name, const char *content)
{
	int fd = openat(image_directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content))
		abort();
	close(fd);
}

#ifdef NEW_CRIU
static void is_foreign(const char *why)
{
	listed = false;
	ok(restored(), "%s: a restore that needs nothing goes on", why);
	contains(messages, FOREIGN, "... with a warning");
	listed = true;
	ok(!restored() && errors, "%s: one that needs the plugin is refused", why);
	contains(messages, FOREIGN, "... and the message says why");
	listed = false;
}

/* criu 4.0 has 12 hooks, and its inventory has no ID. */
static void test_without_id(void)
{
	SysgenidImage *image;

	put_file(CLOCKS, "clocks of one dump");
	dump();
	image = read_image();
	ok(image && image->has_dump_clocks && image->dump_clocks.len == 18,
	   "without an ID the image has the dump's clocks");
	if (image)
		sysgenid_image_free(image);
	listed = false;
	ok(restored() && !strstr(messages, FOREIGN), "it is used for that dump");
	put_file(CLOCKS, "clocks of two dump");
	is_foreign("another dump without an ID");
	unlinkat(image_directory, CLOCKS, 0);
}

static void test_binding(void)
{
	SysgenidImage *image;

	strcpy(run_id, FIRST);
	dump();
	image = read_image();
	ok(image && image->dump_id && !strcmp(image->dump_id, FIRST) && !image->has_dump_clocks,
	   "the image has the dump's ID");
	if (image)
		sysgenid_image_free(image);
	strcpy(dump_run_id, FIRST);
	listed = true;
	ok(restored() && !strstr(messages, FOREIGN), "it is used for that dump");
	strcpy(dump_run_id, SECOND);
	is_foreign("another dump");
	/* criu uses this value for an inventory without an ID. */
	strcpy(dump_run_id, "\x7f");
	is_foreign("a dump of an older criu");
	strcpy(run_id, "none");
	dump();
	image = read_image();
	ok(image && !image->dump_id, "what is no UUID is not stored");
	if (image)
		sysgenid_image_free(image);
	test_without_id();
	strcpy(run_id, FIRST);
}

static void wait_here(void)
{
	for (;;)
		pause();
}

/* Starts the first process of a new PID namespace. Returns 0 without the right to do so. */
static pid_t first_process(void)
{
	pid_t child = 0;
	int pipes[2];

	if (pipe(pipes))
		abort();
	if (!fork()) {
		child = unshare(CLONE_NEWPID) ? 0 : fork();
		if (!child && getpid() == 1)
			wait_here();
		if (write(pipes[1], &child, sizeof(child)) != sizeof(child))
			abort();
		_exit(0);
	}
	wait(NULL);
	if (read(pipes[0], &child, sizeof(child)) != sizeof(child))
		abort();
	close(pipes[0]);
	close(pipes[1]);
	return child;
}

/* The image is written only because the task has its own PID namespace. */
static void test_namespace(void)
{
	int (*checkpoint)(int);
	SysgenidImage *image;
	pid_t child = first_process();

	if (child <= 0) {
		skip("the task's PID namespace", "one can only be made by root");
		return;
	}
	*(void **)&checkpoint = plugin->hooks[CRIU_HOOK_CHECKPOINT_DEVICES];
	if (init(CRIU_STAGE_DUMP))
		abort();
	kill(child, SIGSTOP);
	ok(checkpoint(child) == -ENOTSUP && !errors,
	   "the first process of a PID namespace is dumped");
	image = read_image();
	ok(image && image->own_pid_namespace && image->other_pid_namespace,
	   "the image says that the tasks have a PID namespace of their own");
	if (image)
		sysgenid_image_free(image);
	plugin->exit(CRIU_STAGE_DUMP, 0);
	kill(child, SIGKILL);
}
#else
static void is_foreign(const char *why)
{
	ok(restored(), "%s: a restore that needs nothing goes on", why);
	contains(messages, FOREIGN, "... with a warning");
}

static void test_binding(void)
{
	SysgenidImage *image;

	put_file(CLOCKS, "clocks of one dump");
	dump();
	image = read_image();
	ok(image && image->has_dump_clocks && image->dump_clocks.len == 18 && !image->dump_id,
	   "the image has the dump's clocks");
	if (image)
		sysgenid_image_free(image);
	ok(restored() && !strstr(messages, FOREIGN), "it is used for that dump");
	put_file(CLOCKS, "clocks of two dump");
	is_foreign("another dump");
	put_file(CLOCKS, "clocks of one");
	is_foreign("clocks that were cut off");
	unlinkat(image_directory, CLOCKS, 0);
	is_foreign("no clocks");
	dump();
	image = read_image();
	ok(image && !image->has_dump_clocks, "where criu writes none the image has none");
	if (image)
		sysgenid_image_free(image);
	if (symlinkat("/etc/hostname", image_directory, CLOCKS))
		abort();
	dump();
	image = read_image();
	ok(image && !image->has_dump_clocks, "... nor where a link has their name");
	if (image)
		sysgenid_image_free(image);
	unlinkat(image_directory, CLOCKS, 0);
}

static void test_namespace(void)
{
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
	test_earlier();
	test_pre_dump();
	test_unbound();
	test_binding();
	test_namespace();
	dlclose(handle);
	return end_host();
}

// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libsysgenid.h>

#include <cleanup.h>

#include "binding.h"
#include "module.h"
#include "criu_abi.h"
#include "dump-files.h"
#include "dump.h"
#include "inspect.h"
#include "log.h"
#include "droppable.h"
#include "tasks.h"
#include "wipe.h"

static struct {
	int stage;
	struct sysgenid_config config;
	SysgenidImage *image; /* NULL: there was no memory for it */
	struct sysgenid_device device;
	bool mark_is_final; /* it was read while all tasks were frozen */
	bool listed;	    /* criu's inventory names this plugin */
	bool stored;	    /* the image in the directory is the one in memory */
	bool written;	    /* ... or was when it had "lists", and can be completed */
	struct sysgenid_image_lists lists;
	bool inspected; /* the findings are those of all tasks, or will be */
	int inspect_error;
	struct sysgenid_findings findings;
} dump;

/*
 * Reads the mark. Before the tasks are frozen the mark is a guess, since a task may still see a
 * later generation. The first hook runs with all tasks frozen: the mark is final then, since no
 * task sees what the counter does afterwards.
 */
static void refresh_mark(bool frozen)
{
	SysgenidImage *image = dump.image;
	struct sysgenid_reason why = { "" };
	uint32_t highest;
	int error;

	if (!image || dump.mark_is_final)
		return;
	error = sysgenid_module_ask(-1, &dump.device, &highest, &why);
	if (!error && dump.findings.pid_namespace >= 0) {
		uint32_t theirs;

		error = sysgenid_module_ask(dump.findings.pid_namespace, &dump.device, &theirs,
					    &why);
		highest = !error && theirs > highest ? theirs : highest;
	}
	dump.mark_is_final = frozen;
	if (error) {
		/* No mark is better than one that may be too low. */
		dump.stored = dump.stored && !image->has_mark;
		dump.written = dump.written && !image->has_mark;
		image->has_mark = false;
		if (error != -ENOENT)
			sysgenid_warn("cannot ask the kernel for the generation: %s", why.text);
		return;
	}
	if (!image->has_mark || image->mark != highest)
		dump.stored = false;
	image->has_mark = true;
	image->mark = highest;
}

/*
 * Writes what is new, and not the whole image each time: a task can have the counter open
 * thousands of times, criu calls a hook for each of them, and all tasks wait meanwhile.
 */
static int store(void)
{
	const SysgenidImage *image = dump.image;
	int directory, error = -EBADF;

	if (dump.stored || !image)
		return 0;
	directory = criu_get_image_dir ? criu_get_image_dir() : -1;
	if (dump.written)
		error = sysgenid_image_append(image, &dump.lists, directory);
	if (error)
		error = sysgenid_image_write(image, directory);
	dump.lists = sysgenid_image_lists(image);
	dump.written = dump.stored = !error;
	return error;
}

/*
 * Stores an image that may get lost without harm: it is only a hint as long as no task needs the
 * counter.
 */
static void store_hint(void)
{
	int error = store();

	if (!error)
		return;
	if (dump.image->counter_required)
		sysgenid_err("cannot write " SYSGENID_IMAGE_NAME ": %s", strerror(-error));
	else
		sysgenid_warn("cannot write " SYSGENID_IMAGE_NAME
			      ": %s; a restore on another machine "
			      "will not know how far the counter had got here",
			      strerror(-error));
}

/* Notes that the dump cannot be restored without this plugin and its image. */
static int need_plugin(void)
{
	int error;

	dump.stored = false;
	if (add_inventory_plugin && !dump.listed) {
		if (add_inventory_plugin(SYSGENID_PLUGIN_NAME)) {
			sysgenid_err(
				"cannot note in criu's inventory that the image needs this plugin");
			return -ENOMEM;
		}
		dump.listed = true;
	}
	error = store();
	if (error)
		sysgenid_err("cannot write " SYSGENID_IMAGE_NAME
			     ", without which these tasks cannot "
			     "be restored: %s",
			     error == -E2BIG ? "the tasks have the counter open too often"
					     : strerror(-error));
	return error;
}

/* Notes that a task uses the counter of the machine or of its PID namespace. */
static int require(void)
{
	SysgenidImage *image = dump.image;

	if (!image->has_mark) {
		sysgenid_err("a task uses the counter, and the kernel does not say how far it has "
			     "got; see the warning above");
		return -EIO;
	}
	image->counter_required = true;
	return need_plugin();
}

/* Before criu dumps the task's memory, runs the post-dump script or serves lazy pages. */
static int inspect(pid_t pid, void *unused)
{
	SysgenidImage *image = dump.image;
	const struct sysgenid_image_lists before = sysgenid_image_lists(image);
	const bool own = image->own_pid_namespace, other = image->other_pid_namespace;
	struct sysgenid_image_lists after;
	int error;

	(void)unused;
	error = sysgenid_inspect(pid, image, &dump.findings);
	if (!error && dump.config.wipe_on_fork)
		error = sysgenid_wipe_dump(pid, image);
	after = sysgenid_image_lists(image);
	if (memcmp(&before, &after, sizeof(after)) || own != image->own_pid_namespace ||
	    other != image->other_pid_namespace)
		dump.stored = false;
	return error;
}

/* Inspects all tasks: criu before 4.0 does not say which tasks it dumps. */
static int inspect_all(void)
{
	if (dump.inspected || dump.stage != CRIU_STAGE_DUMP)
		return dump.inspect_error;
	dump.inspected = true;
	dump.inspect_error = sysgenid_for_each_task(inspect, NULL);
	return dump.inspect_error;
}

/* Stores the findings in the image. */
static int keep_findings(void)
{
	SysgenidImage *image = dump.image;

	if (dump.findings.system_wide && !image->system_wide) {
		image->has_system_wide = true;
		image->system_wide = true;
		return require();
	}
	return dump.findings.counter_file ? need_plugin() : 0;
}

/*
 * Leaves an empty image, which a restore refuses; a missing one would not be refused. Whatever
 * has the image's name is removed first, since it may be a link.
 */
static void spoil(void)
{
	int directory = criu_get_image_dir ? criu_get_image_dir() : -1;
	cleanup_close int fd = -1;

	if (!unlinkat(directory, SYSGENID_IMAGE_NAME, 0) || errno == ENOENT)
		fd = openat(directory, SYSGENID_IMAGE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			    0600);
	sysgenid_err("the dump that was made cannot be restored: see above");
	if (fd < 0)
		sysgenid_err("cannot spoil " SYSGENID_IMAGE_NAME ": remove the whole image");
}

static void read_boot_id(SysgenidImage *image)
{
	cleanup_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char id[37];
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, id, sizeof(id) - 1);
	if (n <= 0)
		return;
	id[n] = '\0';
	image->boot_id = strdup(id);
}

/* Removes an earlier dump's image: it must not stay beside what criu writes now. */
static int remove_earlier(void)
{
	int error, directory = criu_get_image_dir ? criu_get_image_dir() : -1;
	struct stat stat;

	if (directory < 0 || !unlinkat(directory, SYSGENID_IMAGE_NAME, 0) || errno == ENOENT)
		return 0;
	error = -errno;
	/* A file system that is read-only does not look. */
	if (fstatat(directory, SYSGENID_IMAGE_NAME, &stat, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		return 0;
	sysgenid_err("cannot remove the " SYSGENID_IMAGE_NAME " of an earlier dump: %s. A restore "
		     "might take it for this dump's: remove it, or dump into an empty directory",
		     strerror(-error));
	return error;
}

int sysgenid_dump_init(int stage, const struct sysgenid_config *config)
{
	memset(&dump, 0, sizeof(dump));
	dump.stage = stage;
	dump.config = *config;
	dump.findings.pid_namespace = -1;
	if (stage == CRIU_STAGE_DUMP && remove_earlier())
		return -EIO;
	dump.image = sysgenid_image_new();
	if (dump.image && sysgenid_binding_set_id(dump.image)) {
		sysgenid_image_free(dump.image);
		dump.image = NULL;
	}
	if (!dump.image) {
		sysgenid_warn(
			"no memory for the image; tasks that use the counter cannot be dumped");
		return 0;
	}
	refresh_mark(false);
	if (stage != CRIU_STAGE_DUMP)
		return 0;
	read_boot_id(dump.image);
	store_hint();
	return 0;
}

/* Is the device the counter? Called while all tasks are frozen. */
static bool is_ours(const struct stat *stat)
{
	if (!S_ISCHR(stat->st_mode) || !dump.image)
		return false;
	if (!dump.mark_is_final && inspect_all())
		return false;
	refresh_mark(true);
	return sysgenid_device_is(&dump.device, stat);
}

int sysgenid_dump_ext_file(int fd, int id)
{
	struct stat stat;
	int error;

	if (sysgenid_file_stat(fd, &stat) || !is_ours(&stat))
		return -ENOTSUP;
	error = sysgenid_file_dump(fd, id, dump.image);
	if (!error)
		error = require();
	/* -ENOTSUP would ask the next plugin. */
	return error ? -EIO : 0;
}

int sysgenid_dump_device_vma(int fd, const struct stat *stat)
{
	int error;

	if (!is_ours(stat))
		return -ENOTSUP;
	/* The final dump sees the mapping again. */
	if (dump.stage != CRIU_STAGE_DUMP)
		return 0;
	error = sysgenid_mapping_dump(fd, dump.image);
	if (!error)
		error = require();
	return error ? -EIO : 0;
}

/*
 * criu calls this once for each task. All tasks are frozen, and no memory has been dumped yet.
 * -ENOTSUP lets other plugins have their turn.
 */
int sysgenid_dump_checkpoint_devices(int pid)
{
	int error;

	if (!dump.image)
		return -ENOTSUP;
	dump.inspected = true;
	error = inspect(pid, NULL);
	refresh_mark(true);
	if (!error)
		error = keep_findings();
	if (error)
		return -EIO;
	if (sysgenid_droppable_dump(pid, dump.image) != 0)
		dump.stored = false;
	store_hint();
	return -ENOTSUP;
}

/*
 * Begins a new generation in the tasks' PID namespace; in the whole machine if a task has the
 * machine's counter.
 */
static void bump(void)
{
	int where = dump.findings.system_wide ? -1 : dump.findings.pid_namespace;
	struct sysgenid_reason why = { "" };
	uint32_t generation;
	int error = sysgenid_module_trigger(where, 0, SYSGENID_TRIGGER_RESTORE, &dump.device,
					    &generation, &why);

	if (error)
		sysgenid_err("the process that was dumped is not told so, although " SYSGENID_CONF
			     " has bump-after-dump = yes: %s",
			     why.text);
	else
		sysgenid_info("generation %u after the dump", generation);
}

/* criu before 4.0 has written all images by now, and not yet run the post-dump script. */
static int bind_clocks(void)
{
	int error, directory = criu_get_image_dir ? criu_get_image_dir() : -1;

	if (CR_PLUGIN_DESC.max_hooks > CRIU_HOOKS_3_17 || dump.image->dump_id)
		return 0;
	error = sysgenid_binding_set_clocks(dump.image, directory);
	if (error)
		sysgenid_err("cannot bind " SYSGENID_IMAGE_NAME " to this dump: %s",
			     strerror(-error));
	else if (dump.image->has_dump_clocks)
		dump.stored = false;
	return error;
}

/*
 * Does at the end of a dump what no hook has done. The tasks are still frozen. If no hook was
 * called, criu is older than 4.0 and no task has a device; nothing can make the dump fail any
 * more.
 */
static void finish_old_dump(bool first)
{
	int error = inspect_all();

	refresh_mark(true);
	if (!error)
		error = bind_clocks();
	if (!error)
		error = keep_findings();
	if (!first)
		error = -EIO;
	if (error)
		spoil();
	else
		store_hint();
}

void sysgenid_dump_exit(int ret, bool first)
{
	if (!ret && dump.image && dump.stage == CRIU_STAGE_DUMP)
		finish_old_dump(first);
	if (!ret && dump.config.bump_after_dump)
		bump();
	sysgenid_cleanup_close(&dump.findings.pid_namespace);
}

void sysgenid_dump_leave(void)
{
	sysgenid_module_close();
	if (dump.image)
		sysgenid_image_free(dump.image);
	dump.image = NULL;
}

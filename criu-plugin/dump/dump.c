// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <libsysgenid.h>
#include <linux/sysgenid.h>

#include <cleanup.h>

#include "counterfile-find.h"
#include "counterfile-own.h"
#include "module.h"
#include "pidns.h"
#include "criu_abi.h"
#include "dump-files.h"
#include "dump-image.h"
#include "dump.h"
#include "hypervisors-clock.h"
#include "inspect.h"
#include "log.h"
#include "droppable.h"
#include "resume.h"
#include "tasks.h"
#include "wipe.h"

static struct {
	int stage;
	struct sysgenid_config config;
	struct sysgenid_dump_image made;
	struct sysgenid_device device;
	bool mark_is_final; /* the mark was read while all tasks were frozen */
	bool clocks_found;
	bool inspected; /* all tasks have been inspected, or a hook does it for each */
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
	struct sysgenid_reason why = { "" };
	uint32_t highest, system = 0;
	int error;

	if (!dump.made.image || dump.mark_is_final)
		return;
	error = sysgenid_module_ask(-1, &dump.device, &system, &why);
	highest = system;
	if (!error && dump.findings.pid_namespace >= 0) {
		uint32_t theirs;

		error = sysgenid_module_ask(dump.findings.pid_namespace, &dump.device, &theirs,
					    &why);
		highest = !error && theirs > highest ? theirs : highest;
	}
	dump.mark_is_final = frozen;
	if (error) {
		/* No mark is better than one that may be too low. */
		sysgenid_dump_image_clear_mark(&dump.made);
		if (error != -ENOENT)
			sysgenid_warn("cannot ask the kernel for the generation: %s", why.text);
		return;
	}
	/* Inside a container the kernel answers with the container's own number. */
	sysgenid_dump_image_set_mark(&dump.made, highest,
				     sysgenid_pidns_is_inside() ? NULL : &system);
}

/*
 * Inspects one frozen task, before criu dumps its memory, runs the post-dump script or serves lazy
 * pages.
 */
static int inspect(pid_t pid, void *unused)
{
	SysgenidImage *image = dump.made.image;
	const struct sysgenid_image_lists before = sysgenid_image_lists(image);
	const bool own = image->own_pid_namespace, other = image->other_pid_namespace;
	const bool marked = image->has_file_mark;
	struct sysgenid_image_lists after;
	int error;

	(void)unused;
	error = sysgenid_inspect(pid, image, &dump.findings);
	if (!error && dump.config.wipe_on_fork)
		error = sysgenid_wipe_dump(pid, image);
	after = sysgenid_image_lists(image);
	if (memcmp(&before, &after, sizeof(after)) || own != image->own_pid_namespace ||
	    other != image->other_pid_namespace || marked != image->has_file_mark)
		dump.made.stored = false;
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
	SysgenidImage *image = dump.made.image;

	if (dump.findings.system_wide && !image->system_wide) {
		image->has_system_wide = true;
		image->system_wide = true;
		return sysgenid_dump_image_require(&dump.made);
	}
	return sysgenid_findings_have_file(&dump.findings)
		       ? sysgenid_dump_image_need_plugin(&dump.made)
		       : 0;
}

/* Tasks are not frozen yet, so the file's server can answer. */
static int open_own_file(void)
{
	int error = sysgenid_own_open();

	if (error)
		sysgenid_err("cannot look at " SYSGENID_DEVICE ": %s", strerror(-error));
	return error;
}

int sysgenid_dump_init(int stage, const struct sysgenid_config *config)
{
	memset(&dump, 0, sizeof(dump));
	dump.stage = stage;
	dump.config = *config;
	dump.findings.pid_namespace = -1;
	if (stage == CRIU_STAGE_DUMP && (sysgenid_dump_image_remove_earlier() || open_own_file()))
		return -EIO;
	sysgenid_dump_image_begin(&dump.made);
	if (!dump.made.image)
		return 0;
	refresh_mark(false);
	if (stage != CRIU_STAGE_DUMP)
		return 0;
	sysgenid_dump_image_set_boot_id(&dump.made);
	sysgenid_dump_image_store_hint(&dump.made);
	return 0;
}

/* Called while all tasks are frozen. */
static enum sysgenid_node node_of(const struct stat *stat)
{
	if (!S_ISCHR(stat->st_mode) || !dump.made.image)
		return SYSGENID_NODE_NONE;
	if (!dump.mark_is_final && inspect_all())
		return SYSGENID_NODE_NONE;
	refresh_mark(true);
	if (!dump.clocks_found)
		sysgenid_device_find_clocks(&dump.device);
	dump.clocks_found = true;
	return sysgenid_device_node(&dump.device, stat);
}

static int dump_clock(int fd)
{
	if (dump.device.state != SYSGENID_DEVICE_ABSENT)
		return sysgenid_clock_dump(fd, dump.made.image);
	sysgenid_err("a task has the hypervisor's VMClock open or mapped. A restored task is given "
		     "the view of the module sysgenid in its place, and the module is not loaded: "
		     "run 'modprobe sysgenid'");
	return -ENOENT;
}

int sysgenid_dump_ext_file(int fd, int id)
{
	enum sysgenid_node node;
	struct stat stat;
	int error = 0;

	if (sysgenid_file_stat(fd, &stat))
		return -ENOTSUP;
	node = node_of(&stat);
	if (node == SYSGENID_NODE_NONE)
		return -ENOTSUP;
	if (node == SYSGENID_NODE_HYPERVISORS)
		error = dump_clock(fd);
	if (!error)
		error = sysgenid_file_dump(fd, id, node, dump.made.image);
	if (!error)
		error = sysgenid_dump_image_require(&dump.made);
	/* -ENOTSUP would ask the next plugin. */
	return error ? -EIO : 0;
}

int sysgenid_dump_device_vma(int fd, const struct stat *stat)
{
	enum sysgenid_node node = node_of(stat);
	int error = 0;

	if (node == SYSGENID_NODE_NONE)
		return -ENOTSUP;
	/* The final dump sees the mapping again. */
	if (dump.stage != CRIU_STAGE_DUMP)
		return 0;
	if (node == SYSGENID_NODE_HYPERVISORS)
		error = dump_clock(fd);
	if (!error)
		error = sysgenid_mapping_dump(fd, node, dump.made.image);
	if (!error)
		error = sysgenid_dump_image_require(&dump.made);
	return error ? -EIO : 0;
}

/*
 * criu calls this once for each task. All tasks are frozen, and no memory has been dumped yet.
 * -ENOTSUP lets other plugins have their turn. criu 4.0 also calls it in a pre-dump, which has no
 * image of ours: the final dump asks again. may_run: threads of the task may run before criu dumps
 * their memory.
 */
int sysgenid_dump_checkpoint_devices(int pid, bool may_run)
{
	int error;

	if (!dump.made.image || dump.stage != CRIU_STAGE_DUMP)
		return -ENOTSUP;
	dump.inspected = true;
	error = inspect(pid, NULL);
	refresh_mark(true);
	if (!error)
		error = keep_findings();
	if (error)
		return -EIO;
	if (sysgenid_droppable_dump(pid, may_run, dump.made.image) != 0)
		dump.made.stored = false;
	sysgenid_dump_image_store_hint(&dump.made);
	return -ENOTSUP;
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
		error = sysgenid_dump_image_bind_clocks(&dump.made);
	if (!error)
		error = keep_findings();
	if (!first)
		error = -EIO;
	if (error)
		sysgenid_dump_image_spoil();
	else
		sysgenid_dump_image_store_hint(&dump.made);
}

void sysgenid_dump_exit(int ret, bool first)
{
	if (!ret && dump.made.image && dump.stage == CRIU_STAGE_DUMP)
		finish_old_dump(first);
	if (!ret && dump.config.bump_after_dump)
		sysgenid_resume(&dump.findings, &dump.device);
	sysgenid_cleanup_close(&dump.findings.pid_namespace);
}

void sysgenid_dump_leave(void)
{
	sysgenid_module_close();
	sysgenid_own_close();
	sysgenid_counterfiles_forget();
	sysgenid_findings_free(&dump.findings);
	sysgenid_dump_image_free(&dump.made);
}

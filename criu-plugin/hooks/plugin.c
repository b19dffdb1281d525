// SPDX-License-Identifier: GPL-2.0-only
/* The descriptor that criu looks up, and its hooks, which call dump.c and restore.c. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chain.h"
#include "config.h"
#include "criu_abi.h"
#include "dump.h"
#include "log.h"
#include "refuse.h"
#include "restore.h"

#define EXPORT __attribute__((visibility("default")))

static unsigned int criu_hooks; /* how many hooks this criu has; 0: unknown */
static bool resumed;		/* criu has called resume_devices_late in this restore */

static bool is_first(void)
{
	bool first = sysgenid_chain_leads();

	if (!first)
		sysgenid_chain_complain();
	return first;
}

static void leave(void)
{
	sysgenid_dump_leave();
	sysgenid_restore_leave();
}

static void fill_in_hooks(void);

/*
 * Refuses a dump in two cases only: another plugin can keep this one from doing its part, or an
 * earlier dump's image would stay beside criu's new images.
 */
static int plugin_init(int stage)
{
	struct sysgenid_config config;

	resumed = false;
	fill_in_hooks();
	/*
	 * In a newer criu only the hooks of criu 4.0 are used. One of them has changed since:
	 * RESTORE_EXT_FILE has a second argument, again, since criu 4.3 (CRIU_HOOKS_RETRY: 14 hooks
	 * and more). restore_ext_file() sets *again in every criu with 14 hooks or more, also in
	 * one that is newer than this release.
	 */
	if (criu_hooks > CRIU_HOOKS_4_3)
		sysgenid_info("this criu has %u hooks, and this release knows %d: only those are "
			      "used that have been the same since criu 4.0",
			      criu_hooks, CRIU_HOOKS_4_3);
	sysgenid_config_read(SYSGENID_CONF, &config);
	if (stage == CRIU_STAGE_RESTORE ? sysgenid_restore_init(&config)
					: sysgenid_dump_init(stage, &config))
		return -1;
	if (!sysgenid_chain_lead())
		return 0;
	leave();
	return -1;
}

/*
 * Makes criu fail if it has let the tasks run without asking this plugin. The tasks run already,
 * and criu would otherwise report success.
 */
static void check_restore(void)
{
	if (is_first() && resumed)
		return;
	sysgenid_err("criu has let the restored tasks run without asking this plugin: they may be "
		     "on an old generation. Kill them");
	_exit(1);
}

static void plugin_exit(int stage, int ret)
{
	if (stage == CRIU_STAGE_DUMP)
		sysgenid_dump_exit(ret, ret || is_first());
	if (stage == CRIU_STAGE_RESTORE && !ret)
		check_restore();
	leave();
	sysgenid_chain_leave();
}

/* Each hook refuses the dump or the restore if criu asks another plugin before this one. */
static int dump_ext_file(int fd, int id)
{
	return is_first() ? sysgenid_dump_ext_file(fd, id) : -EIO;
}

static int dump_device_vma(int fd, const struct stat *stat)
{
	return is_first() ? sysgenid_dump_device_vma(fd, stat) : -EIO;
}

static int checkpoint_devices(int pid)
{
	if (!is_first())
		return -EIO;
	if (pid <= 0)
		return -ENOTSUP;
	/* criu's cuda plugin lets a thread of the task run in this hook. */
	return sysgenid_dump_checkpoint_devices(
		pid, sysgenid_chain_goes_on(CRIU_HOOK_CHECKPOINT_DEVICES));
}

/*
 * Checks again that criu asks this plugin first: for RESTORE_INIT all plugins have been loaded, and
 * for POST_FORKING tasks are being restored.
 */
static int check_order(void)
{
	return is_first() ? -ENOTSUP : -EIO;
}

/*
 * criu passes the argument again only if it has CRIU_HOOKS_RETRY hooks or more (criu 4.3). An older
 * criu calls with id alone, and then *again must not be touched. If the number of hooks is unknown,
 * it is also unknown whether criu passes again, and the restore of a file of the counter is
 * refused.
 */
static int restore_ext_file(int id, bool *again)
{
	int fd;

	if (criu_hooks >= CRIU_HOOKS_RETRY)
		*again = false;
	fd = is_first() ? sysgenid_restore_ext_file(id) : -EIO;
	if (fd < 0 || criu_hooks)
		return fd;
	close(fd);
	sysgenid_err(
		"cannot restore an open file: this criu does not export cr_plugin_ctl, which tells "
		"what criu wants to be answered. Use a criu that exports it, as Debian's does");
	return -EIO;
}

/*
 * Ends the task on failure, which makes criu give the restore up. criu ignores an error that this
 * hook returns.
 */
static int update_vma_map(const char *path, uint64_t address, uint64_t old_offset,
			  uint64_t *new_offset, int *fd)
{
	if (!is_first())
		_exit(1);
	return sysgenid_restore_update_vma(path, address, old_offset, new_offset, fd);
}

/*
 * Kills the tasks on failure; all tasks are stopped when criu calls this hook. criu before 4.3
 * ignores the hook's result and would let the tasks run. criu 4.3 fails the restore on any result
 * but 0 and -ENOTSUP. The tasks are killed before the reason is logged, since logging can take
 * time.
 */
static int resume_devices_late(int pid)
{
	resumed = true;
	if (!sysgenid_is_refused() && !sysgenid_chain_leads()) {
		int error = sysgenid_refuse_tasks(pid);

		sysgenid_chain_complain();
		sysgenid_refuse_finish(error);
	}
	return sysgenid_restore_resume_late(pid);
}

/*
 * criu reads the table of hooks after init. Before init criu writes a line to its log for each hook
 * in the table, and a write to a file is dear.
 */
static void fill_in_hooks(void)
{
	void **hooks = CR_PLUGIN_DESC.hooks;

	hooks[CRIU_HOOK_DUMP_EXT_FILE] = (void *)dump_ext_file;
	hooks[CRIU_HOOK_RESTORE_EXT_FILE] = (void *)restore_ext_file;
	hooks[CRIU_HOOK_HANDLE_DEVICE_VMA] = (void *)dump_device_vma;
	hooks[CRIU_HOOK_UPDATE_VMA_MAP] = (void *)update_vma_map;
	hooks[CRIU_HOOK_RESUME_DEVICES_LATE] = (void *)resume_devices_late;
	hooks[CRIU_HOOK_CHECKPOINT_DEVICES] = (void *)checkpoint_devices;
	hooks[CRIU_HOOK_POST_FORKING] = (void *)check_order;
	hooks[CRIU_HOOK_RESTORE_INIT] = (void *)check_order;
}

EXPORT struct criu_plugin_desc CR_PLUGIN_DESC = {
	.name = SYSGENID_PLUGIN_NAME,
	.init = plugin_init,
	.exit = plugin_exit,
	.version = CRIU_ABI_VERSION,
	.max_hooks = CRIU_HOOKS_3_17,
};

/*
 * Sets how many hooks the descriptor has. dlopen() runs this constructor before criu looks at the
 * descriptor, and criu refuses a descriptor with more hooks than criu has. In a criu that is newer
 * than all known ones, only the hooks of criu 4.0 are offered: the meaning of later hooks may have
 * changed.
 */
static void __attribute__((constructor)) adapt_to_criu(void)
{
	criu_hooks = sysgenid_chain_hooks();
	if (criu_hooks > CRIU_HOOKS_4_3)
		CR_PLUGIN_DESC.max_hooks = CRIU_HOOKS_4_0;
	else if (criu_hooks > CRIU_HOOKS_3_17)
		CR_PLUGIN_DESC.max_hooks = criu_hooks;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A criu plugin for control runs. The plugin lets criu dump and restore tasks with the counter and
 * does nothing else: it begins no generation and restores no state of files. So a control run shows
 * what would happen without the real plugin.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <linux/sysgenid.h>

#include "criu_abi.h"

static int is_node(const struct stat *node, const char *path)
{
	struct stat ours;

	return !stat(path, &ours) && S_ISCHR(node->st_mode) && node->st_rdev == ours.st_rdev;
}

static int is_counter(const struct stat *node)
{
	return is_node(node, SYSGENID_DEVICE) || is_node(node, SYSGENID_VIEW_DEVICE) ||
	       is_node(node, "/dev/vmclock0");
}

static int silent_dump_file(int fd, int id)
{
	struct stat node;

	(void)id;
	return !fstat(fd, &node) && is_counter(&node) ? 0 : -ENOTSUP;
}

static int silent_restore_file(int id)
{
	(void)id;
	return open(SYSGENID_DEVICE, O_RDWR | O_CLOEXEC);
}

static int silent_dump_mapping(int fd, const struct stat *node)
{
	(void)fd;
	return is_counter(node) ? 0 : -ENOTSUP;
}

static int silent_init(int stage)
{
	(void)stage;
	return 0;
}

static void silent_exit(int stage, int ret)
{
	(void)stage;
	(void)ret;
}

struct criu_plugin_desc __attribute__((visibility("default"))) CR_PLUGIN_DESC = {
	.name = "silent",
	.init = silent_init,
	.exit = silent_exit,
	.version = CRIU_ABI_VERSION,
	.max_hooks = CRIU_HOOKS_3_17,
	.hooks = {
		[CRIU_HOOK_DUMP_EXT_FILE] = (void *)silent_dump_file,
		[CRIU_HOOK_RESTORE_EXT_FILE] = (void *)silent_restore_file,
		[CRIU_HOOK_HANDLE_DEVICE_VMA] = (void *)silent_dump_mapping,
	},
};

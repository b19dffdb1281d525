// SPDX-License-Identifier: GPL-2.0-only
/* What criu sees: the descriptor, and hooks that hand over to dump.c and restore.c. */
#include <errno.h>
#include <sys/stat.h>

#include "counter.h"
#include "criu_abi.h"
#include "plugin.h"

#define EXPORT __attribute__((visibility("default")))

struct sysgenid_plugin sysgenid_plugin;

/* Only a restore can be refused here: no dump may fail because this plugin is installed. */
static int plugin_init(int stage)
{
	sysgenid_plugin = (struct sysgenid_plugin){ .stage = stage };
	sysgenid_config_read(SYSGENID_CONF, &sysgenid_plugin.config);
	if (stage == CRIU_STAGE_RESTORE)
		return sysgenid_restore_init() ? -1 : 0;
	sysgenid_dump_init();
	return 0;
}

static void plugin_exit(int stage, int ret)
{
	if (stage == CRIU_STAGE_DUMP)
		sysgenid_dump_exit(ret);
	sysgenid_counter_leave();
	if (sysgenid_plugin.image)
		sysgenid_image_free(sysgenid_plugin.image);
	sysgenid_plugin.image = NULL;
}

EXPORT struct criu_plugin_desc CR_PLUGIN_DESC = {
	.name = SYSGENID_PLUGIN_NAME,
	.init = plugin_init,
	.exit = plugin_exit,
	.version = CRIU_ABI_VERSION,
	.max_hooks = CRIU_HOOKS_3_17,
	.hooks = {
		[CRIU_HOOK_DUMP_EXT_FILE] = (void *)sysgenid_dump_ext_file,
		[CRIU_HOOK_RESTORE_EXT_FILE] = (void *)sysgenid_restore_ext_file,
		[CRIU_HOOK_HANDLE_DEVICE_VMA] = (void *)sysgenid_dump_device_vma,
		[CRIU_HOOK_UPDATE_VMA_MAP] = (void *)sysgenid_restore_update_vma,
		[CRIU_HOOK_RESUME_DEVICES_LATE] = (void *)sysgenid_restore_resume_late,
	},
};

/* dlopen() runs this before criu looks at the descriptor. */
static void __attribute__((constructor)) adapt_to_criu(void)
{
	if (!checkpoint_devices)
		return;
	CR_PLUGIN_DESC.max_hooks = CRIU_HOOKS_4_0;
	CR_PLUGIN_DESC.hooks[CRIU_HOOK_CHECKPOINT_DEVICES] =
		(void *)sysgenid_dump_checkpoint_devices;
}

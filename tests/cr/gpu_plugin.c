// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for a plugin for GPUs, on a machine without a GPU. The stand-in answers hooks for tasks
 * and files without a GPU as criu's cuda plugin does or, with AMDGPU, as criu's amdgpu plugin does
 * (criu 3.17.1 to 4.3). Since criu 4.1 the real plugins give some of these answers only for images
 * that name the plugin; the stand-in gives them always. With GREEDY the stand-in takes all files
 * and mappings for its own.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "criu_abi.h"

/* Only criu 4.0 and newer export this. */
int checkpoint_devices(void) CRIU_WEAK;

static int nothing_to_do(void)
{
	return 0;
}

static int init(int stage)
{
	(void)stage;
	return 0;
}

#ifdef GREEDY
/* Has an empty page mapped in place of the mapping. */
static int map_another(const char *path, uint64_t address, uint64_t old_offset,
		       uint64_t *new_offset, int *fd)
{
	(void)path;
	(void)address;
	(void)old_offset;
	*new_offset = 0;
	*fd = memfd_create("greedy", 0);
	return ftruncate(*fd, sysconf(_SC_PAGESIZE)) ? -1 : 1;
}
#endif

#ifdef AMDGPU
static int no_such_device(void)
{
	return -1;
}
#endif

struct criu_plugin_desc __attribute__((visibility("default"))) CR_PLUGIN_DESC = {
	.init = init,
	.version = CRIU_ABI_VERSION,
	.max_hooks = CRIU_HOOKS_3_17,
#ifdef AMDGPU
	.name = "amdgpu_plugin",
	.hooks = {
		[CRIU_HOOK_DUMP_EXT_FILE] = (void *)no_such_device,
		[CRIU_HOOK_RESTORE_EXT_FILE] = (void *)no_such_device,
		[CRIU_HOOK_HANDLE_DEVICE_VMA] = (void *)no_such_device,
		[CRIU_HOOK_UPDATE_VMA_MAP] = (void *)nothing_to_do,
		[CRIU_HOOK_RESUME_DEVICES_LATE] = (void *)no_such_device,
	},
#elif defined(GREEDY)
	.name = "greedy_plugin",
	.hooks = {
		[CRIU_HOOK_DUMP_EXT_FILE] = (void *)nothing_to_do,
		[CRIU_HOOK_RESTORE_EXT_FILE] = (void *)nothing_to_do,
		[CRIU_HOOK_HANDLE_DEVICE_VMA] = (void *)nothing_to_do,
		[CRIU_HOOK_UPDATE_VMA_MAP] = (void *)map_another,
		[CRIU_HOOK_RESUME_DEVICES_LATE] = (void *)nothing_to_do,
		[CRIU_HOOK_CHECKPOINT_DEVICES] = (void *)nothing_to_do,
	},
#else
	.name = "cuda_plugin",
	.hooks = {
		[CRIU_HOOK_RESUME_DEVICES_LATE] = (void *)nothing_to_do,
		[CRIU_HOOK_CHECKPOINT_DEVICES] = (void *)nothing_to_do,
	},
#endif
};

static void __attribute__((constructor)) adapt_to_criu(void)
{
	if (checkpoint_devices)
		CR_PLUGIN_DESC.max_hooks = CRIU_HOOKS_4_0;
}

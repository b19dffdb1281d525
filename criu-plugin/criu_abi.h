/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The binary interface between criu and its plugins, as far as this plugin uses it.
 *
 * It is declared here and not taken from criu's own header, so that the plugin builds where
 * criu is not installed and is the same binary wherever it is built. tests/unit-plugin/abi.c
 * compares it with that header where there is one.
 */
#ifndef SYSGENID_CRIU_ABI_H
#define SYSGENID_CRIU_ABI_H

#include <stdbool.h>
#include <stddef.h>

#define CRIU_ABI_VERSION ((0u << 16) + (2u << 8) + 0u)

/* Hooks, as indices into the descriptor's table. */
enum {
	CRIU_HOOK_DUMP_EXT_FILE = 2,	 /* int (int fd, int id) */
	CRIU_HOOK_RESTORE_EXT_FILE = 3,	 /* int (int id), returns a descriptor */
	CRIU_HOOK_HANDLE_DEVICE_VMA = 7, /* int (int fd, const struct stat *stat) */
	/*
	 * int (const char *path, uint64_t address, uint64_t old_offset, uint64_t *new_offset,
	 * int *fd); 1 when it has set the last two
	 */
	CRIU_HOOK_UPDATE_VMA_MAP = 8,
	CRIU_HOOK_RESUME_DEVICES_LATE = 9, /* int (int pid) */
	CRIU_HOOKS_3_17 = 10,		   /* how many hooks criu 3.17 to 3.19 have */
	CRIU_HOOK_CHECKPOINT_DEVICES = 11, /* int (int pid); criu 4.0 and newer */
	CRIU_HOOKS_4_0 = 12, /* how many hooks criu 4.0 and 4.1 have; newer ones have more */
};

enum {
	CRIU_STAGE_DUMP = 0,
	CRIU_STAGE_PRE_DUMP = 1,
	CRIU_STAGE_RESTORE = 2,
};

/*
 * criu refuses a plugin, and with it every dump and restore, when max_hooks is larger than the
 * number of hooks that it knows itself.
 */
struct criu_plugin_desc {
	const char *name;
	int (*init)(int stage);
	void (*exit)(int stage, int ret);
	unsigned int version;
	unsigned int max_hooks;
	void *hooks[CRIU_HOOKS_4_0];
};

/* criu finds it by this name. */
extern struct criu_plugin_desc CR_PLUGIN_DESC;

/* What the criu binary exports. Weak: what is NULL does not exist in this criu. */
#define CRIU_WEAK __attribute__((weak))

int criu_get_image_dir(void) CRIU_WEAK;
unsigned int log_get_fd(void) CRIU_WEAK;
void print_on_level(unsigned int level, const char *format, ...)
	__attribute__((weak, format(printf, 2, 3)));
/* Not for us to call; where it exists, criu has the hook CHECKPOINT_DEVICES. */
int checkpoint_devices(void) CRIU_WEAK;
/* criu 4.1 and newer; the second one compares names as strncmp() does. */
int add_inventory_plugin(const char *name) CRIU_WEAK;
bool check_and_remove_inventory_plugin(const char *name, size_t n) CRIU_WEAK;

#endif

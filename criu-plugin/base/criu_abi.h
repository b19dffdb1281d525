/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The binary interface between criu and its plugins, as far as this plugin uses it.
 *
 * The interface is declared here and not taken from criu's own header: the plugin builds where
 * criu is not installed, and is the same binary wherever it is built. tests/unit-plugin/abi.c
 * compares these declarations with criu's header if that is installed.
 */
#ifndef SYSGENID_CRIU_ABI_H
#define SYSGENID_CRIU_ABI_H

#include <stdbool.h>
#include <stddef.h>

/* The plugin's name for criu and in criu's images. */
#define SYSGENID_PLUGIN_NAME "sysgenid"

#define CRIU_ABI_VERSION ((0u << 16) + (2u << 8) + 0u)

/* Hooks, as indices into the descriptor's table. */
enum {
	CRIU_HOOK_DUMP_EXT_FILE = 2,	 /* int (int fd, int id) */
	CRIU_HOOK_RESTORE_EXT_FILE = 3,	 /* int (int id): a descriptor; see CRIU_HOOKS_RETRY */
	CRIU_HOOK_HANDLE_DEVICE_VMA = 7, /* int (int fd, const struct stat *stat) */
	/*
	 * int (const char *path, uint64_t address, uint64_t old_offset, uint64_t *new_offset,
	 * int *fd), returns 1 if the hook has set *new_offset and *fd
	 */
	CRIU_HOOK_UPDATE_VMA_MAP = 8,
	CRIU_HOOK_RESUME_DEVICES_LATE = 9, /* int (int pid); pid may be -1 */
	CRIU_HOOK_CHECKPOINT_DEVICES = 11, /* int (int pid); pid may be -1 */
	CRIU_HOOK_POST_FORKING = 12,	   /* int (void); runs in criu while tasks are restored */
	CRIU_HOOK_RESTORE_INIT = 13,	   /* int (void); runs when all plugins have been loaded */
	/* How many hooks criu has. No criu that can load this plugin has fewer than 10. */
	CRIU_HOOKS_3_17 = 10,
	CRIU_HOOKS_4_0 = 12, /* criu 4.0 and 4.1; criu 4.2 has 13 */
	/*
	 * With this number of hooks or more (criu 4.3), RESTORE_EXT_FILE is int (int id, bool
	 * *again).
	 */
	CRIU_HOOKS_RETRY = 14,
	CRIU_HOOKS_4_3 = 17,  /* the newest criu that this release knows */
	CRIU_HOOKS_MAX = 128, /* a larger number is taken for an error */
};

enum {
	CRIU_STAGE_DUMP = 0,
	CRIU_STAGE_PRE_DUMP = 1,
	CRIU_STAGE_RESTORE = 2,
};

/*
 * criu refuses a plugin whose max_hooks is larger than criu's own number of hooks, and then refuses
 * every dump and restore.
 */
struct criu_plugin_desc {
	const char *name;
	int (*init)(int stage);
	void (*exit)(int stage, int ret);
	unsigned int version;
	unsigned int max_hooks;
	void *hooks[CRIU_HOOKS_4_3];
};

/* criu looks the descriptor up by this name. */
extern struct criu_plugin_desc CR_PLUGIN_DESC;

struct criu_link {
	struct criu_link *prev, *next;
};

/*
 * criu's record of a loaded plugin. criu has initialised one link for each of the descriptor's
 * max_hooks hooks.
 */
struct criu_loaded_plugin {
	struct criu_plugin_desc *desc;
	struct criu_link list; /* node in criu_plugin_table.plugins */
	void *handle;	       /* what dlopen() returned */
	struct criu_link links[];
};

struct criu_plugin_table {
	struct criu_link plugins;  /* in the order in which they were loaded */
	struct criu_link chains[]; /* one for each hook; cr_plugin_ctl's size says how many */
};

/* Symbols of the criu binary. All are weak: a symbol that this criu does not export is NULL. */
#define CRIU_WEAK __attribute__((weak))

int criu_get_image_dir(void) CRIU_WEAK;
unsigned int log_get_fd(void) CRIU_WEAK;
void print_on_level(unsigned int level, const char *format, ...)
	__attribute__((weak, format(printf, 2, 3)));
extern struct criu_plugin_table cr_plugin_ctl CRIU_WEAK;
/*
 * Only criu 4.1 and newer export these two. check_and_remove_inventory_plugin() compares names as
 * strncmp() does.
 */
int add_inventory_plugin(const char *name) CRIU_WEAK;
bool check_and_remove_inventory_plugin(const char *name, size_t n) CRIU_WEAK;
/*
 * criu_run_id is the UUID of this dump. dump_criu_run_id is, at restore, the UUID of the dump that
 * the inventory names. criu before 4.1 exports 8 bytes of another kind as criu_run_id, and no
 * dump_criu_run_id.
 */
extern const char criu_run_id[] CRIU_WEAK;
extern const char dump_criu_run_id[] CRIU_WEAK;

#endif

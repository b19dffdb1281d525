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

/* By this name criu and its images know the plugin. */
#define SYSGENID_PLUGIN_NAME "sysgenid"

#define CRIU_ABI_VERSION ((0u << 16) + (2u << 8) + 0u)

/* Hooks, as indices into the descriptor's table. */
enum {
	CRIU_HOOK_DUMP_EXT_FILE = 2,	 /* int (int fd, int id) */
	CRIU_HOOK_RESTORE_EXT_FILE = 3,	 /* int (int id[, bool *]): a descriptor */
	CRIU_HOOK_HANDLE_DEVICE_VMA = 7, /* int (int fd, const struct stat *stat) */
	/*
	 * int (const char *path, uint64_t address, uint64_t old_offset, uint64_t *new_offset,
	 * int *fd); 1 when it has set the last two
	 */
	CRIU_HOOK_UPDATE_VMA_MAP = 8,
	CRIU_HOOK_RESUME_DEVICES_LATE = 9, /* int (int pid), which may be -1 */
	CRIU_HOOK_CHECKPOINT_DEVICES = 11, /* int (int pid), which may be -1 */
	CRIU_HOOK_POST_FORKING = 12,	   /* int (void), in criu itself while tasks are restored */
	CRIU_HOOK_RESTORE_INIT = 13,	   /* int (void), after all plugins have been loaded */
	/* How many hooks a criu has. No criu that can load the plugin has fewer than 10. */
	CRIU_HOOKS_3_17 = 10,
	CRIU_HOOKS_4_0 = 12, /* 4.1, too; 4.2: 13 */
	CRIU_HOOKS_RETRY = 14,
	CRIU_HOOKS_4_3 = 17,  /* the newest that is known */
	CRIU_HOOKS_MAX = 128, /* more are taken for an error */
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
	void *hooks[CRIU_HOOKS_4_3];
};

/* criu finds it by this name. */
extern struct criu_plugin_desc CR_PLUGIN_DESC;

struct criu_link {
	struct criu_link *prev, *next;
};

/* What criu keeps of a plugin. It has initialised as many links as the descriptor has hooks. */
struct criu_loaded_plugin {
	struct criu_plugin_desc *desc;
	struct criu_link list; /* in the table's plugins */
	void *handle;	       /* what dlopen() returned */
	struct criu_link links[];
};

struct criu_plugin_table {
	struct criu_link plugins;  /* in the order in which they were loaded */
	struct criu_link chains[]; /* one for each hook that criu has; its symbol's size tells */
};

/* What the criu binary exports. Weak: what is NULL does not exist in this criu. */
#define CRIU_WEAK __attribute__((weak))

int criu_get_image_dir(void) CRIU_WEAK;
unsigned int log_get_fd(void) CRIU_WEAK;
void print_on_level(unsigned int level, const char *format, ...)
	__attribute__((weak, format(printf, 2, 3)));
extern struct criu_plugin_table cr_plugin_ctl CRIU_WEAK;
/* criu 4.1 and newer; the second one compares names as strncmp() does. */
int add_inventory_plugin(const char *name) CRIU_WEAK;
bool check_and_remove_inventory_plugin(const char *name, size_t n) CRIU_WEAK;
/*
 * The UUID of this dump, and at restore that of the inventory's dump. criu before 4.1
 * has 8 bytes of another kind in the first one, and not the second.
 */
extern const char criu_run_id[] CRIU_WEAK;
extern const char dump_criu_run_id[] CRIU_WEAK;

#endif

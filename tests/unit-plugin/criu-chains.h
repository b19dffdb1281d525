/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for a criu with HOOKS hooks (0: for one that does not export its table). The stand-in
 * loads plugins, adds them to its chains, and asks them in turn. One file of each program includes
 * this header.
 */
#ifndef TEST_CRIU_CHAINS_H
#define TEST_CRIU_CHAINS_H

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* cr_plugin_ctl is defined below with its real size, so criu_abi.h must not declare it. */
#define cr_plugin_ctl declared_cr_plugin_ctl
#include "criu_abi.h"
#undef cr_plugin_ctl
#include "messages.h"

#define RECORD ((HOOKS) ? (HOOKS) : 12) /* links in the record of a plugin */

struct table {
	struct criu_link plugins;
	struct criu_link chains[RECORD];
};
#if HOOKS
extern struct table cr_plugin_ctl;
struct table cr_plugin_ctl;
#define table cr_plugin_ctl
#else
static struct table table;
#endif

int add_inventory_plugin(const char *name)
{
	(void)name;
	return 0;
}

bool check_and_remove_inventory_plugin(const char *name, size_t n)
{
	(void)name;
	(void)n;
	return true;
}

static void list_init(struct criu_link *node)
{
	node->prev = node->next = node;
}

static void list_add(struct criu_link *node, struct criu_link *prev, struct criu_link *next)
{
	node->prev = prev;
	node->next = next;
	prev->next = next->prev = node;
}

static void list_del(struct criu_link *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	node->prev = node->next = (void *)0x100;
}

static struct criu_loaded_plugin *plugin_of(struct criu_link *node)
{
	return (void *)((char *)node - offsetof(struct criu_loaded_plugin, list));
}

static void start_criu(void)
{
	forget_messages();
	list_init(&table.plugins);
	for (int i = 0; i < RECORD; i++)
		list_init(&table.chains[i]);
}

static int load(struct criu_plugin_desc *desc, void *handle, int stage)
{
	struct criu_loaded_plugin *plugin =
		calloc(1, sizeof(*plugin) + RECORD * sizeof(*plugin->links));

	if (desc->max_hooks > RECORD)
		abort();
	plugin->desc = desc;
	plugin->handle = handle;
	for (unsigned int i = 0; i < desc->max_hooks; i++)
		list_init(&plugin->links[i]);
	list_add(&plugin->list, table.plugins.prev, &table.plugins);
	if (desc->init && desc->init(stage)) {
		list_del(&plugin->list);
		free(plugin);
		if (handle)
			dlclose(handle);
		return -1;
	}
	for (unsigned int i = 0; i < desc->max_hooks; i++)
		if (desc->hooks[i])
			list_add(&plugin->links[i], table.chains[i].prev, &table.chains[i]);
	return 0;
}

static void end_criu(int stage, int ret)
{
	while (table.plugins.next != &table.plugins) {
		struct criu_loaded_plugin *plugin = plugin_of(table.plugins.next);
		void *handle = plugin->handle;

		list_del(&plugin->list);
		if (plugin->desc->exit)
			plugin->desc->exit(stage, ret);
		for (unsigned int i = 0; i < plugin->desc->max_hooks; i++)
			if (plugin->links[i].next != &plugin->links[i])
				list_del(&plugin->links[i]);
		if (handle)
			dlclose(handle);
		free(plugin);
	}
}

static bool chains_are_empty(void)
{
	for (int i = 0; i < RECORD; i++)
		if (table.chains[i].next != &table.chains[i] ||
		    table.chains[i].prev != &table.chains[i])
			return false;
	return true;
}

/* asked: the plugins that were asked, in order. again: what the last one has set. */
static char asked[256];
static bool again;

static int ask(int hook)
{
	struct stat stat = { .st_mode = S_IFCHR };
	uint64_t offset = 0;
	int answer = -ENOTSUP, fd = -1;

	asked[0] = '\0';
	forget_messages();
	for (struct criu_link *node = table.chains[hook].next; node != &table.chains[hook];
	     node = node->next) {
		struct criu_loaded_plugin *plugin =
			(void *)((char *)(node - hook) -
				 offsetof(struct criu_loaded_plugin, links));
		void *function = plugin->desc->hooks[hook];

		strcat(strcat(asked, " "), plugin->desc->name);
		if (hook == CRIU_HOOK_UPDATE_VMA_MAP)
			answer = ((int (*)(const char *, uint64_t, uint64_t, uint64_t *,
					   int *))function)("/dev/null", 0, 0, &offset, &fd);
		else if (hook == CRIU_HOOK_HANDLE_DEVICE_VMA)
			answer = ((int (*)(int, const struct stat *))function)(0, &stat);
		else if (hook == CRIU_HOOK_RESTORE_EXT_FILE)
			answer = ((int (*)(int, bool *))function)(3, &again);
		else
			answer = ((int (*)(int, int))function)(-1, 3);
		if (answer != -ENOTSUP)
			break;
	}
	return answer;
}

#endif /* TEST_CRIU_CHAINS_H */

// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cleanup.h>

#include "chain.h"
#include "criu_abi.h"
#include "log.h"
#include "symbol.h"

/* A list with more plugins than this is taken for damaged. */
#define MOST_PLUGINS 256u

static struct {
	struct criu_loaded_plugin *plugin; /* NULL: criu's chains are unchanged */
	unsigned int hooks;
} ours;

static const char *directory_of_ours(char *path, size_t size)
{
	Dl_info info;
	char *slash;

	if (!dladdr(&CR_PLUGIN_DESC, &info) || !info.dli_fname || strlen(info.dli_fname) >= size)
		return NULL;
	strcpy(path, info.dli_fname);
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

/*
 * Is there no other plugin in the directory? Plugins that criu has not loaded yet count, too. name
 * gets the file name of another plugin.
 */
static bool is_alone(char *name, size_t size)
{
	cleanup_directory DIR *directory = NULL;
	const struct dirent *entry;
	char path[4096];
	const char *file = directory_of_ours(path, sizeof(path));

	snprintf(name, size, "whichever");
	directory = file ? opendir(path) : NULL;
	if (!directory)
		return false;
	errno = 0;
	while ((entry = readdir(directory))) {
		size_t length = strlen(entry->d_name);

		if (length < 3 || strcmp(entry->d_name + length - 3, ".so") ||
		    !strcmp(entry->d_name, file))
			continue;
		snprintf(name, size, "%s", entry->d_name);
		return false;
	}
	return !errno;
}

/* Computes the number of hooks from the size of criu's symbol cr_plugin_ctl. */
unsigned int sysgenid_chain_hooks(void)
{
	size_t size = &cr_plugin_ctl ? sysgenid_symbol_size("cr_plugin_ctl", &cr_plugin_ctl) : 0;
	size_t entries = size / sizeof(struct criu_link);

	if (size % sizeof(struct criu_link))
		return 0;
	return entries > 1 && entries <= CRIU_HOOKS_MAX ? (unsigned int)entries - 1 : 0;
}

static bool is_linked(const struct criu_link *node)
{
	return node->next && node->prev && node->next->prev == node && node->prev->next == node;
}

static bool is_single(const struct criu_link *node)
{
	return node->next == node && node->prev == node;
}

static struct criu_loaded_plugin *plugin_of(struct criu_link *node)
{
	return (void *)((char *)node - offsetof(struct criu_loaded_plugin, list));
}

/*
 * In glibc the handle that dlopen() returns is the library's struct link_map. Only one that is in
 * glibc's list is followed.
 */
static bool is_our_handle(const void *handle)
{
	const struct link_map *object = _r_debug.r_map;

	while (object && object != handle)
		object = object->l_next;
	return object && object->l_ld == _DYNAMIC;
}

/*
 * Finds criu's record of this plugin. During init the record is the last one in criu's list of
 * plugins, and is in no chain yet.
 */
static struct criu_loaded_plugin *find_ours(void)
{
	struct criu_link *head = &cr_plugin_ctl.plugins, *node = head;
	struct criu_loaded_plugin *plugin;
	unsigned int n = 0;

	do {
		if (!is_linked(node) || n++ > MOST_PLUGINS)
			return NULL;
		node = node->next;
	} while (node != head);
	if (head->prev == head)
		return NULL;
	plugin = plugin_of(head->prev);
	if (plugin->desc != &CR_PLUGIN_DESC || !is_our_handle(plugin->handle))
		return NULL;
	for (unsigned int i = 0; i < CR_PLUGIN_DESC.max_hooks; i++)
		if (!is_single(&plugin->links[i]) || !is_linked(&cr_plugin_ctl.chains[i]))
			return NULL;
	return plugin;
}

/* Has criu loaded another copy? Two copies would both write the image and move generations. */
static bool is_loaded_twice(const struct criu_loaded_plugin *plugin)
{
	struct criu_link *head = &cr_plugin_ctl.plugins;

	for (struct criu_link *node = head->next; node != head; node = node->next) {
		const struct criu_loaded_plugin *other = plugin_of(node);

		if (other != plugin && other->desc->name &&
		    !strcmp(other->desc->name, CR_PLUGIN_DESC.name))
			return true;
	}
	return false;
}

static void put_in_front(struct criu_link *link, struct criu_link *chain)
{
	link->prev = chain;
	link->next = chain->next;
	link->next->prev = link;
	chain->next = link;
}

int sysgenid_chain_lead(void)
{
	char other[256];

	ours.plugin = NULL;
	if (sysgenid_chain_hooks() >= CR_PLUGIN_DESC.max_hooks)
		ours.plugin = find_ours();
	if (!ours.plugin) {
		if (is_alone(other, sizeof(other)))
			return 0;
		sysgenid_err("this release does not know the form of criu's table of plugins, and "
			     "another "
			     "plugin (%s) may "
			     "answer in the place of this one: remove the others, or let criu's "
			     "--libdir name a directory without them",
			     other);
		return -EPROTO;
	}
	if (is_loaded_twice(ours.plugin)) {
		ours.plugin = NULL;
		sysgenid_err("criu has loaded this plugin twice: remove all copies but one from "
			     "the directory of criu's plugins");
		return -EEXIST;
	}
	ours.hooks = CR_PLUGIN_DESC.max_hooks;
	for (unsigned int i = 0; i < ours.hooks; i++)
		if (CR_PLUGIN_DESC.hooks[i])
			put_in_front(&ours.plugin->links[i], &cr_plugin_ctl.chains[i]);
	/*
	 * After init criu appends max_hooks hooks to its chains. With 0 criu does not add this
	 * plugin a second time.
	 */
	CR_PLUGIN_DESC.max_hooks = 0;
	return 0;
}

/* Returns the first hook for which criu asks another plugin before this one; none: ours.hooks. */
static unsigned int first_lost(void)
{
	unsigned int i = 0;

	while (ours.plugin && i < ours.hooks &&
	       (!CR_PLUGIN_DESC.hooks[i] || cr_plugin_ctl.chains[i].next == &ours.plugin->links[i]))
		i++;
	return ours.plugin ? i : ours.hooks;
}

bool sysgenid_chain_leads(void)
{
	return first_lost() == ours.hooks;
}

bool sysgenid_chain_goes_on(unsigned int hook)
{
	return ours.plugin && hook < ours.hooks &&
	       ours.plugin->links[hook].next != &cr_plugin_ctl.chains[hook];
}

void sysgenid_chain_complain(void)
{
	unsigned int hook = first_lost();
	struct criu_link *chain = &cr_plugin_ctl.chains[hook];
	const struct criu_loaded_plugin *first;

	if (chain->next == chain) {
		sysgenid_err(
			"another plugin has taken this one out of criu's chains of hooks: remove "
			"the others, or let criu's --libdir name a directory without them");
		return;
	}
	first = (void *)((char *)(chain->next - hook) - offsetof(struct criu_loaded_plugin, links));
	sysgenid_err(
		"the plugin %s has put itself in front of this one and may answer in its place: "
		"remove it, or let criu's --libdir name a directory without it",
		first->desc->name ? first->desc->name : "without a name");
}

void sysgenid_chain_leave(void)
{
	if (ours.plugin)
		CR_PLUGIN_DESC.max_hooks = ours.hooks;
	ours.plugin = NULL;
}

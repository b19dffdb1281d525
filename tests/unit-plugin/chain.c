// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our plugin among other plugins, in a criu with HOOKS hooks (criu-chains.h). The test does what
 * criu does, in the same order: load a plugin, initialise it, add it to the chains, ask the plugins
 * in turn, end.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu-chains.h"
#include "criu-host.h"
#include "tap.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

static int answer_0(void)
{
	return 0;
}

static int answer_error(void)
{
	return -1;
}

/* Answers as criu's plugins for GPUs do for tasks without a GPU. */
static struct criu_plugin_desc cuda = {
	.name = "cuda",
	.max_hooks = RECORD < 12 ? RECORD : 12,
	.hooks = { [9] = (void *)answer_0, [11] = (void *)answer_0 },
};
static struct criu_plugin_desc amdgpu = {
	.name = "amdgpu",
	.max_hooks = 10,
	.hooks = {
		[2] = (void *)answer_error,
		[3] = (void *)answer_error,
		[7] = (void *)answer_error,
		[8] = (void *)answer_0,
		[9] = (void *)answer_error,
	},
};
static struct criu_plugin_desc double_of_ours = { .name = "sysgenid", .max_hooks = 10 };

/* A plugin that puts itself in front after our plugin has done so. */
static int rival_init(int stage)
{
	struct criu_loaded_plugin *plugin = plugin_of(table.plugins.prev);

	(void)stage;
	for (unsigned int i = 0; i < plugin->desc->max_hooks; i++)
		if (plugin->desc->hooks[i])
			list_add(&plugin->links[i], &table.chains[i], table.chains[i].next);
	plugin->desc->max_hooks = 0;
	return 0;
}

static void rival_exit(int stage, int ret);

static struct criu_plugin_desc rival = {
	.name = "rival",
	.init = rival_init,
	.exit = rival_exit,
	.max_hooks = 10,
	.hooks = { [9] = (void *)answer_0 },
};

static void rival_exit(int stage, int ret)
{
	(void)stage;
	(void)ret;
	rival.max_hooks = 10;
}

static struct criu_plugin_desc *ours;
static const char *our_path = PLUGIN;

static int load_ours(int stage)
{
	void *handle = dlopen(our_path, RTLD_LAZY);

	if (!handle) {
		printf("# %s\n", dlerror());
		exit(1);
	}
	ours = dlsym(handle, "CR_PLUGIN_DESC");
	return load(ours, handle, stage);
}

static void load_both(struct criu_plugin_desc *other, bool before, int stage)
{
	start_criu();
	if ((before && load(other, NULL, stage)) || load_ours(stage) ||
	    (!before && load(other, NULL, stage)))
		abort();
}

/* Is our plugin asked first, and the other plugin after it? */
static void asked_first(struct criu_plugin_desc *other, bool before, int hook, const char *name)
{
	char both[64];
	int expected = ((int (*)(void))other->hooks[hook])();

	snprintf(both, sizeof(both), " sysgenid %s", other->name);
	ok(ask(hook) == expected && !strcmp(asked, both),
	   "%s is asked first, then %s, which was loaded %s", name, other->name,
	   before ? "before" : "after");
}

static void test_order(bool before)
{
	load_both(&cuda, before, CRIU_STAGE_RESTORE);
	asked_first(&cuda, before, CRIU_HOOK_RESUME_DEVICES_LATE, "RESUME_DEVICES_LATE");
	end_criu(CRIU_STAGE_RESTORE, 0);
	if (HOOKS >= 12) {
		load_both(&cuda, before, CRIU_STAGE_DUMP);
		asked_first(&cuda, before, CRIU_HOOK_CHECKPOINT_DEVICES, "CHECKPOINT_DEVICES");
		end_criu(CRIU_STAGE_DUMP, -1);
	}
	load_both(&amdgpu, before, CRIU_STAGE_DUMP);
	asked_first(&amdgpu, before, CRIU_HOOK_DUMP_EXT_FILE, "DUMP_EXT_FILE");
	asked_first(&amdgpu, before, CRIU_HOOK_HANDLE_DEVICE_VMA, "HANDLE_DEVICE_VMA");
	end_criu(CRIU_STAGE_DUMP, -1);
	load_both(&amdgpu, before, CRIU_STAGE_RESTORE);
	asked_first(&amdgpu, before, CRIU_HOOK_RESTORE_EXT_FILE, "RESTORE_EXT_FILE");
	asked_first(&amdgpu, before, CRIU_HOOK_UPDATE_VMA_MAP, "UPDATE_VMA_MAP");
	asked_first(&amdgpu, before, CRIU_HOOK_RESUME_DEVICES_LATE, "RESUME_DEVICES_LATE");
	end_criu(CRIU_STAGE_RESTORE, 0);
	ok(chains_are_empty(), "criu takes all hooks out of its chains");
}

static void test_descriptor(void)
{
	static const unsigned int used[] = {
		[10] = 10, [12] = 12, [13] = 13, [15] = 15, [17] = 17, [18] = 12
	};
	void *handle = dlopen(our_path, RTLD_LAZY);

	ours = dlsym(handle, "CR_PLUGIN_DESC");
	ok(ours->max_hooks == used[HOOKS], "it says that it has %u hooks", used[HOOKS]);
	dlclose(handle);
	start_criu();
	load_ours(CRIU_STAGE_RESTORE);
	ok((strstr(messages, "this criu has 18 hooks") != NULL) == (HOOKS == 18),
	   "a criu that is newer than all that are known is mentioned in the log, and no other");
	memset(&again, 0xaa, sizeof(again));
	ask(CRIU_HOOK_RESTORE_EXT_FILE);
	ok(*(unsigned char *)&again == (HOOKS < 14 ? 0xaa : 0), "RESTORE_EXT_FILE %s",
	   HOOKS < 14 ? "has one argument" : "sets the flag that it is handed");
	if (HOOKS >= 12)
		ok(ask(CRIU_HOOK_CHECKPOINT_DEVICES) == -ENOTSUP && !messages[0],
		   "CHECKPOINT_DEVICES without a task's number harms nobody");
	ok(ask(CRIU_HOOK_RESUME_DEVICES_LATE) == -ENOTSUP && !messages[0],
	   "nor does RESUME_DEVICES_LATE");
	end_criu(CRIU_STAGE_RESTORE, 0);
}

/* Returns whether a dump that goes on to other plugins has the droppable memory as cleared. */
static bool is_stored_as_cleared(struct criu_plugin_desc *other)
{
	struct sysgenid_image_error error = { "" };
	SysgenidImage *image = NULL;
	bool cleared = true;

	start_criu();
	if (load_ours(CRIU_STAGE_DUMP) || (other && load(other, NULL, CRIU_STAGE_DUMP)))
		abort();
	if (((int (*)(int))ours->hooks[CRIU_HOOK_CHECKPOINT_DEVICES])(getpid()) != -ENOTSUP)
		abort();
	end_criu(CRIU_STAGE_DUMP, 0);
	if (sysgenid_image_read(image_directory, &image, &error) || !image->n_rng_areas)
		abort();
	for (size_t i = 0; i < image->n_rng_areas; i++)
		cleared &= image->rng_areas[i]->cleared;
	sysgenid_image_free(image);
	remove_image();
	return cleared;
}

/* criu's cuda plugin lets a thread of the task run in CHECKPOINT_DEVICES, after ours. */
static void test_thread_runs(void)
{
	char *memory =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_DROPPABLE, -1, 0);

	if (HOOKS < 12)
		return;
	if (memory == MAP_FAILED) {
		skip("droppable memory", "this kernel has none (before Linux 6.11)");
		return;
	}
	memory[0] = 1;
	ok(is_stored_as_cleared(NULL), "the dump of a task has its droppable memory as cleared");
	ok(!is_stored_as_cleared(&cuda),
	   "... but not where another plugin may let the task draw anew");
	ok(is_stored_as_cleared(&amdgpu), "... which one without that hook cannot");
	munmap(memory, 4096);
}

static void spoil_image(void)
{
	close(openat(image_directory, SYSGENID_IMAGE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600));
}

static void test_failed_init(void)
{
	spoil_image();
	start_criu();
	load(&cuda, NULL, CRIU_STAGE_RESTORE);
	ok(load_ours(CRIU_STAGE_RESTORE) < 0, "a restore that ours refuses");
	ask(CRIU_HOOK_RESUME_DEVICES_LATE);
	ok(!strcmp(asked, " cuda"), "... leaves nothing of it in criu's chains");
	end_criu(CRIU_STAGE_RESTORE, -1);
	ok(chains_are_empty(), "... and criu can go on");
	remove_image();
}

/* Ends a successful restore in a child. Returns the exit status of that criu. */
static int restore_ends(void)
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		end_criu(CRIU_STAGE_RESTORE, 0);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_rival(void)
{
	struct stat stat;

	load_both(&rival, false, CRIU_STAGE_RESTORE);
	for (int hook = CRIU_HOOK_POST_FORKING; hook <= CRIU_HOOK_RESTORE_INIT && HOOKS < 18;
	     hook++)
		if (hook < HOOKS) {
			ok(ask(hook) == -EIO,
			   "hook %d refuses the restore when another one is in front", hook);
			contains(messages, "the plugin rival has put itself in front",
				 "... by name");
		}
	ok(ask(CRIU_HOOK_RESTORE_EXT_FILE) == -EIO, "so does an open file");
	ok(ask(CRIU_HOOK_RESUME_DEVICES_LATE) == 0 && !strcmp(asked, " rival"),
	   "a rival's answer keeps ours from being asked");
	ok(restore_ends() == 1, "... criu fails in the end");
	rival.hooks[9] = NULL;
	rival.hooks[8] = (void *)answer_0;
	end_criu(CRIU_STAGE_RESTORE, -1);
	load_both(&rival, false, CRIU_STAGE_RESTORE);
	ask(CRIU_HOOK_RESUME_DEVICES_LATE);
	contains(messages, "the plugin rival has put itself in front",
		 "a rival for another hook is seen before the tasks run");
	end_criu(CRIU_STAGE_RESTORE, -1);
	rival.hooks[8] = NULL;
	rival.hooks[9] = (void *)answer_0;
	load_both(&rival, false, CRIU_STAGE_DUMP);
	ok(ask(CRIU_HOOK_DUMP_EXT_FILE) == -EIO && ask(CRIU_HOOK_HANDLE_DEVICE_VMA) == -EIO,
	   "files and mappings of a dump are refused");
	if (HOOKS >= 12)
		ok(ask(CRIU_HOOK_CHECKPOINT_DEVICES) == -EIO, "... and the dump itself");
	end_criu(CRIU_STAGE_DUMP, 0);
	ok(!fstatat(image_directory, SYSGENID_IMAGE_NAME, &stat, 0) && !stat.st_size,
	   "a dump that was made nevertheless cannot be restored");
	remove_image();
}

static void test_not_asked(void)
{
	start_criu();
	load_ours(CRIU_STAGE_RESTORE);
	ok(restore_ends() == 1, "a restore for which criu never asks ours fails in the end");
	ask(CRIU_HOOK_RESUME_DEVICES_LATE);
	ok(restore_ends() == 0, "control: another one does not");
	end_criu(CRIU_STAGE_RESTORE, -1);
}

static void test_twice(void)
{
	start_criu();
	load(&double_of_ours, NULL, CRIU_STAGE_DUMP);
	ok(load_ours(CRIU_STAGE_DUMP) < 0, "two copies of the plugin are refused");
	contains(messages, "loaded this plugin twice", "... and told");
	end_criu(CRIU_STAGE_DUMP, -1);
}

static void break_list(void)
{
	table.chains[CRIU_HOOK_RESUME_DEVICES_LATE].next = &table.plugins;
}

static void copy_plugin(const char *to)
{
	char command[512];

	snprintf(command, sizeof(command), "cp %s %s", PLUGIN, to);
	if (system(command))
		abort();
}

/* If criu's table is unknown, our plugin changes nothing in it. */
static void test_unknown_table(void)
{
	char path[64], other[64];

	snprintf(path, sizeof(path), "%s/ours.so", directory);
	snprintf(other, sizeof(other), "%s/other.so", directory);
	copy_plugin(path);
	our_path = path;
	start_criu();
	break_list();
	ok(!load_ours(CRIU_STAGE_DUMP),
	   "an unknown table is good enough for a plugin that is alone");
	ok(HOOKS || ours->max_hooks == 10, "... with the hooks of criu 3.17");
	end_criu(CRIU_STAGE_DUMP, -1);
	close(open(other, O_WRONLY | O_CREAT, 0600));
	start_criu();
	break_list();
	ok(load_ours(CRIU_STAGE_DUMP) < 0, "a dump is refused where there is another plugin");
	contains(messages, "another plugin (other.so)", "... and which one is told");
	start_criu();
	break_list();
	ok(load_ours(CRIU_STAGE_RESTORE) < 0, "so is a restore");
	our_path = PLUGIN;
	unlink(other);
	unlink(path);
}

int main(void)
{
	if (!begin_host())
		return 0;
	if (HOOKS) {
		test_descriptor();
		test_order(true);
		test_order(false);
		test_thread_runs();
		test_failed_init();
		test_rival();
		test_not_asked();
		test_twice();
	}
	test_unknown_table();
	return end_host();
}

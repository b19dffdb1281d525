// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid trigger */
#include "base/options.h"
#include "base/report.h"
#include "commands.h"
#include "counterfiles.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const char help[] =
	"usage: sysgenid trigger [--min N] [--force] [--pid PID | --container ID] [--json]\n"
	"\n"
	"Moves the generation and reseeds the kernel's random number generator; ends when both "
	"are\n"
	"done.  Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the initial user namespace.\n"
	"\n"
	"  --min N    the new generation is at least N\n"
	"  --force    also if N is too far above the current generation\n"
	"  --pid PID  only for the PID namespace of that process, say a container\n"
	"  --container ID  only the counter file of that container (no module needed)\n"
	"  --json     print {\"generation\": NUMBER}\n";

/* Counter files are moved with the system's generation, and alone where there is no module. */
static int trigger_all(uint32_t min, unsigned int flags, uint32_t *generation)
{
	struct sysgenid_error words;
	uint32_t reached;
	int ret = sysgenid_trigger(min, flags, generation, &words);

	if (ret < 0 && (ret != -ENOENT || !tool_counterfiles_exist()))
		return tool_fail("move the generation", ret, &words);
	return tool_counterfiles_trigger(NULL, min, ret < 0 ? generation : &reached);
}

/* @pid: 0 for the whole system. Returns an exit status. */
static int trigger(uint32_t pid, uint32_t min, unsigned int flags, uint32_t *generation)
{
	struct sysgenid_error words;
	int status, fd, ret;

	if (!pid)
		return trigger_all(min, flags, generation);
	fd = tool_open_namespace(pid, &status);
	if (fd < 0)
		return status;
	ret = sysgenid_trigger_domain(fd, min, flags, generation, &words);
	close(fd);
	return ret < 0 ? tool_fail("move the generation", ret, &words) : TOOL_OK;
}

int tool_trigger(int argc, char **argv)
{
	const char *container = NULL;
	struct json_object *object;
	uint32_t min = 0, pid = 0, generation;
	bool force = false, json = false;
	const struct tool_option options[] = {
		{ "min", 'm', .number = &min },		  { "force", 'f', .flag = &force },
		{ "container", 'c', .text = &container }, { "pid", 'p', .pid = &pid },
		{ "json", 'j', .flag = &json },		  { 0 },
	};
	int status = tool_options(argc, argv, help, options);

	if (status != TOOL_GO_ON)
		return status;
	if (container && pid) {
		tool_say("trigger: --pid and --container are two different counters: give one");
		return TOOL_USAGE;
	}
	status = container ? tool_counterfiles_trigger(container, min, &generation)
			   : trigger(pid, min, force ? SYSGENID_TRIGGER_FORCE : 0, &generation);
	if (status)
		return status;
	if (!json) {
		printf("generation:  %u\n", generation);
		return tool_flush();
	}
	object = tool_json_new();
	tool_json_u32(object, "generation", generation);
	return tool_print_json(object);
}

// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid trigger */
#include "tool.h"

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
	"  --container ID  only the counter in a file of that container (no module needed)\n"
	"  --json     print {\"generation\": NUMBER}\n";

/* Those in files are moved with the system's, and alone where there is no module. */
static int trigger_all(uint32_t min, unsigned int flags, uint32_t *generation)
{
	struct sysgenid_error words;
	uint32_t reached;
	int ret = sysgenid_trigger(min, flags, generation, &words);

	if (ret < 0 && (ret != -ENOENT || !tool_files_exist()))
		return tool_fail("move the generation", ret, &words);
	return tool_files_trigger(NULL, min, ret < 0 ? generation : &reached);
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
	static const struct option options[] = {
		{ "min", required_argument, NULL, 'm' },
		{ "force", no_argument, NULL, 'f' },
		{ "container", required_argument, NULL, 'c' },
		{ "pid", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *container = NULL;
	struct json_object *object;
	uint32_t min = 0, pid = 0, generation;
	unsigned int flags = 0;
	bool json = false;
	int option, ret;

	while ((option = tool_next_option(argc, argv, ":m:fc:p:jh", options)) != -1) {
		switch (option) {
		case 'm':
			if (!tool_parse_u32(argv[0], "--min", optarg, &min))
				return TOOL_USAGE;
			break;
		case 'f':
			flags |= SYSGENID_TRIGGER_FORCE;
			break;
		case 'c':
			container = optarg;
			break;
		case 'p':
			if (!tool_parse_pid(argv[0], optarg, &pid))
				return TOOL_USAGE;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			return tool_print(help);
		default:
			return TOOL_USAGE;
		}
	}
	ret = container ? tool_files_trigger(container, min, &generation)
			: trigger(pid, min, flags, &generation);
	if (ret)
		return ret;
	if (!json) {
		printf("generation:  %u\n", generation);
		return tool_flush();
	}
	object = tool_json_new();
	tool_json_u32(object, "generation", generation);
	return tool_print_json(object);
}

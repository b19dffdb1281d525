// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid trigger */
#include "tool.h"

#include <stdio.h>

static const char help[] =
	"usage: sysgenid trigger [--min N] [--force] [--json]\n"
	"\n"
	"Moves the generation and reseeds the kernel's random number generator; ends when both "
	"are\n"
	"done.  Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the initial user namespace.\n"
	"\n"
	"  --min N   the new generation is at least N\n"
	"  --force   also if N is more than 16777216 above the current generation\n"
	"  --json    print {\"generation\": NUMBER}\n";

int tool_trigger(int argc, char **argv)
{
	static const struct option options[] = {
		{ "min", required_argument, NULL, 'm' },
		{ "force", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct sysgenid_error words;
	struct json_object *object;
	uint32_t min = 0, generation;
	unsigned int flags = 0;
	bool json = false;
	int option, ret;

	while ((option = tool_next_option(argc, argv, ":m:fjh", options)) != -1) {
		switch (option) {
		case 'm':
			if (!tool_parse_u32(argv[0], "--min", optarg, &min))
				return TOOL_USAGE;
			break;
		case 'f':
			flags |= SYSGENID_TRIGGER_FORCE;
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
	ret = sysgenid_trigger(min, flags, &generation, &words);
	if (ret < 0)
		return tool_fail("move the generation", ret, &words);
	if (!json) {
		printf("generation:  %u\n", generation);
		return tool_flush();
	}
	object = tool_json_new();
	tool_json_u32(object, "generation", generation);
	return tool_print_json(object);
}

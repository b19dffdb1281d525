// SPDX-License-Identifier: GPL-2.0-only
/* What each container engine of this machine can do. */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "checks.h"
#include "../base/finding.h"

struct engine {
	const char *name, *can;
};

/* Returns whether the engine answered. Adds a finding if it is installed and does not answer. */
static bool ask_engine(const char *name, struct answer *answer)
{
	char doing[64];

	snprintf(doing, sizeof(doing), "asking %s for its version", name);
	ask(answer, doing, (const char *const[]){ name, "--version", NULL }, ASK_MS, false);
	if (answer->end == ASK_LATE)
		finding_add(FINDING_NOTE, name, "try it by hand",
			    "did not say its version within %d s", ASK_MS / 1000);
	return answer->end == ASK_DONE && answer->size;
}

static bool check_crun(void)
{
	struct answer answer;
	bool can;

	if (!ask_engine("crun", &answer))
		return false;
	can = strstr(answer.text, "+CRIU");
	answer.text[strcspn(answer.text, "\n")] = '\0';
	if (can)
		finding_add(FINDING_GOOD, "crun", NULL, "%s: checkpoints and restores",
			    answer.text);
	else
		finding_add(FINDING_NOTE, "crun",
			    "use runc ('podman --runtime runc', at start already)",
			    "%s: built without criu, cannot checkpoint", answer.text);
	return can;
}

static bool check_engine(const struct engine *engine)
{
	struct answer answer;
	const char *line;

	if (!ask_engine(engine->name, &answer))
		return false;
	line = line_with(answer.text, "ersion");
	finding_add(FINDING_GOOD, engine->name, NULL, "%s: %s", line ? line : "unknown version",
		    engine->can);
	return true;
}

void doctor_check_engines(void)
{
	static const struct engine engines[] = {
		{ "runc", "checkpoints and restores; copies land in the cgroup of the original" },
		{ "podman",
		  "exports and imports checkpoints, as root only; CDI and hooks are read at "
		  "create" },
		{ "crio", "not tried by this project's tests" },
		{ "containerd",
		  "ctr checkpoints and restores; over CRI from 2.1 on; CDI is off by default "
		  "before 2.0" },
	};
	bool found = check_crun();

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		found |= check_engine(&engines[i]);
	if (!found)
		finding_add(FINDING_NOTE, "runtimes",
			    "install runc or podman to restore containers",
			    "no container engine that can restore is installed");
}

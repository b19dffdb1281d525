// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include <libsysgenid.h>
#include <linux/sysgenid.h>

#include <reseed.h>

#include "counterfile-own.h"
#include "counterfile-registry.h"
#include "log.h"
#include "module.h"
#include "resume.h"

static void log_failed(const char *where, const char *why)
{
	sysgenid_err("no new generation in %s after this dump, although " SYSGENID_CONF
		     " has bump-after-dump = yes: %s. The processes that were dumped go on with "
		     "their old generation",
		     where, why);
}

/* In the tasks' PID namespace, or in the whole system if a task has the system's counter. */
static void resume_module(const struct sysgenid_findings *findings, struct sysgenid_device *device)
{
	int where = findings->system_wide ? -1 : findings->pid_namespace;
	struct sysgenid_reason why = { "" };
	uint32_t generation;
	int error = sysgenid_module_trigger(where, 0, SYSGENID_TRIGGER_RESUME, device, &generation,
					    &why);

	/* A module of an earlier release knows no resume. */
	if (error == -EINVAL)
		error = sysgenid_module_trigger(where, 0, SYSGENID_TRIGGER_RESTORE, device,
						&generation, &why);
	if (error)
		log_failed("the module", why.text);
	else
		sysgenid_info("generation %u after the dump", generation);
}

static void report(const char *path, int error, uint32_t generation)
{
	if (error)
		log_failed(path, strerror(-error));
	else
		sysgenid_info("generation %u in the file %s after the dump", generation, path);
}

static void resume_own(const struct sysgenid_findings *findings, unsigned int how)
{
	uint32_t generation = 0;
	int error = sysgenid_own_resume(how, &generation);

	/* Who opens the file only later has seen no number of it. */
	if (error != -EROFS || findings->own == SYSGENID_OWN_USED)
		report(SYSGENID_DEVICE, error, generation);
}

static void resume_files(const struct sysgenid_findings *findings)
{
	unsigned int how = sysgenid_reseed_kernel() ? 0 : SYSGENID_RAISE_RESEEDED;
	uint32_t generation = 0;
	int error;

	for (size_t i = 0; i < findings->n_files; i++) {
		error = sysgenid_counterfile_resume(&findings->files[i].file, how, &generation);
		report(findings->files[i].file.path, error, generation);
	}
	if (findings->own != SYSGENID_OWN_NOT)
		resume_own(findings, how);
}

void sysgenid_resume(const struct sysgenid_findings *findings, struct sysgenid_device *device)
{
	const bool in_files = findings->n_files || findings->own != SYSGENID_OWN_NOT;

	if (in_files)
		resume_files(findings);
	if (!in_files || device->state != SYSGENID_DEVICE_ABSENT)
		resume_module(findings, device);
}

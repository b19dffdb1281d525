// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid doctor: what works on this machine, what does not, and what to do about it. */
#include "doctor.h"

#include <stdio.h>
#include <unistd.h>

#include "../base/options.h"
#include "../base/report.h"
#include "checks.h"
#include "../base/finding.h"

static const char help[] =
	"usage: sysgenid doctor [--live] [--config FILE] [--json]\n"
	"\n"
	"Checks what it takes to restore containers on this machine: module, device, criu and its\n"
	"plugin, hook and CDI specification, container runtimes.  Each finding says what to do.\n"
	"\n"
	"  --live         dump and restore a small process too, with each criu and as each "
	"runtime\n"
	"                 would, and see whether its generation moves (as root; seconds each)\n"
	"  --config FILE  look also at this configuration file of criu, which an annotation\n"
	"                 org.criu.config is to name\n"
	"  --json         print a JSON object\n"
	"\n"
	"exit status: 0 no problem was found, 6 at least one was\n";

static void check_all(bool live, const char *config)
{
	static struct criu_list list;
	static struct criu_callers callers;

	doctor_check_module();
	doctor_check_device();
	doctor_check_files();
	doctor_check_vmclock();
	doctor_check_twice();
	criu_find(&list);
	criu_callers_find(&callers, config);
	doctor_check_plugin(&list, &callers);
	doctor_check_services();
	doctor_check_hook();
	doctor_check_engines();
	if (live)
		doctor_check_live(&list, &callers);
}

int tool_doctor(int argc, char **argv)
{
	bool json = false, live = false;
	const char *config = NULL;
	const struct tool_option options[] = {
		{ "json", 'j', .flag = &json },
		{ "live", 'l', .flag = &live },
		{ "config", 'c', .text = &config },
		{ 0 },
	};
	int status = tool_options(argc, argv, help, options);

	if (status != TOOL_GO_ON)
		return status;
	if (config && access(config, R_OK)) {
		tool_say("doctor: cannot read %s: give a file", config);
		return TOOL_USAGE;
	}
	if (live && geteuid()) {
		tool_say("doctor: --live runs criu: run it as root");
		return TOOL_NO_PERMISSION;
	}
	findings_begin(json);
	check_all(live, config);
	return findings_end();
}

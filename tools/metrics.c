// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysgenid status --format prometheus: for node_exporter's textfile collector. It prints only what
 * the kernel and the counter files say. A metric that is not known is left out.
 */
#include "base/report.h"
#include "counterfiles.h"
#include "metrics.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSFS "/sys/class/misc/sysgenid/"
#define SYSFS_LEAK "/sys/virtio-rng"

static void begin(const char *name, const char *type, const char *text)
{
	printf("# HELP sysgenid_%s %s\n# TYPE sysgenid_%s %s\n", name, text, name, type);
}

static void gauge(const char *name, const char *text, unsigned int value)
{
	begin(name, "gauge", text);
	printf("sysgenid_%s %u\n", name, value);
}

/* A label's value. Names of files can have any character in them. */
static void print_label(const char *key, const char *value)
{
	printf("{%s=\"", key);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", stdout);
		else if (*value == '"' || *value == '\\')
			printf("\\%c", *value);
		else
			putchar(*value);
	}
	fputs("\"}", stdout);
}

/* Reads the numbers of a file's first line, which has other words between them. */
static bool read_numbers(const char *path, unsigned long *numbers, int count)
{
	FILE *file = fopen(path, "re");
	char line[64], *at = line;
	bool good = file && fgets(line, sizeof(line), file);

	if (file)
		fclose(file);
	for (int i = 0; good && i < count; i++) {
		at += strcspn(at, "0123456789");
		good = *at;
		numbers[i] = strtoul(at, &at, 10);
	}
	return good;
}

static void print_causes(uint32_t last)
{
	begin("last_cause", "gauge", "1 for the cause of the system's last change.");
	for (uint32_t cause = 0; cause < __SYSGENID_CAUSE_MAX; cause++) {
		fputs("sysgenid_last_cause", stdout);
		print_label("cause", sysgenid_cause_name(cause));
		printf(" %d\n", cause == last);
	}
}

static void print_counter(const struct report *report)
{
	const struct sysgenid_status *status = &report->status;
	unsigned long domains;

	gauge("generation", "The generation of the system.", status->generation);
	gauge("highest_generation", "The highest number ever drawn in the system's domain.",
	      status->highest);
	gauge("watchers", "Files of this PID namespace that are waited for.", status->watchers);
	gauge("watchers_outdated", "Of these, how many have not acknowledged the generation.",
	      status->outdated);
	print_causes(status->cause);
	/* In a container the kernel does not say. */
	if (read_numbers(SYSFS "domains", &domains, 1))
		gauge("domains", "PID namespaces with a generation of their own.",
		      (unsigned int)domains);
	if (report->rng == RNG_RESEEDED || report->rng == RNG_PENDING)
		gauge("kernel_rng_reseeded",
		      "1 if the kernel's generator has been reseeded for this generation.",
		      report->rng == RNG_RESEEDED);
}

/* How often generations were moved, in all domains. In a container the kernel does not say. */
static void print_events(void)
{
	FILE *file = fopen(SYSFS "events", "re");
	char cause[32];
	unsigned long count;

	if (!file)
		return;
	begin("events_total", "counter",
	      "Events that moved a generation, of all domains, also restores whose processes begin "
	      "on a new one, and events made in place of leaks that may have been missed.");
	while (fscanf(file, "%31s %lu", cause, &count) == 2) {
		fputs("sysgenid_events_total", stdout);
		print_label("cause", cause);
		printf(" %lu\n", count);
	}
	fclose(file);
}

static void print_reseeds(void)
{
	unsigned long numbers[3];

	if (!read_numbers(SYSFS "reseeds", numbers, 3))
		return;
	begin("reseeds_total", "counter", "Reseeds of the kernel's generator that were tried.");
	printf("sysgenid_reseeds_total %lu\n", numbers[0]);
	begin("reseed_failures_total", "counter", "Of these, how many have failed.");
	printf("sysgenid_reseed_failures_total %lu\n", numbers[1]);
	begin("reseed_seconds_total", "counter", "How long all of them took.");
	printf("sysgenid_reseed_seconds_total %lu.%09lu\n", numbers[2] / 1000000000,
	       numbers[2] % 1000000000);
}

static void print_sources(void)
{
	static const struct {
		const char *name, *folder;
	} sources[] = {
		{ "virtio-leak", SYSFS_LEAK },
		{ "vmgenid", "/sys/module/sysgenid_vmgenid" },
		{ "vmclock", "/sys/module/sysgenid_vmclock" },
	};

	begin("source_loaded", "gauge", "1 if the driver of a hypervisor's source is loaded.");
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		fputs("sysgenid_source_loaded", stdout);
		print_label("source", sources[i].name);
		printf(" %d\n", !access(sources[i].folder, F_OK));
	}
}

enum leak_metric { LEAK_REPORTS, LEAK_COVERED, LEAK_ROOM };

static void print_leak_device(const char *metric, enum leak_metric which, const char *device)
{
	const bool reports = which == LEAK_REPORTS;
	char path[sizeof(SYSFS_LEAK) + 300];
	unsigned long numbers[2];

	snprintf(path, sizeof(path), SYSFS_LEAK "/%s/%s", device, reports ? "reports" : "domains");
	if (!read_numbers(path, numbers, reports ? 1 : 2))
		return;
	printf("sysgenid_%s", metric);
	print_label("device", device);
	printf(" %lu\n", numbers[which == LEAK_ROOM]);
}

static void print_leak_metric(const char *metric, const char *type, enum leak_metric which,
			      const char *text)
{
	DIR *folder = opendir(SYSFS_LEAK);
	const struct dirent *entry;

	if (!folder)
		return;
	begin(metric, type, text);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			print_leak_device(metric, which, entry->d_name);
	closedir(folder);
}

static void print_leak_devices(void)
{
	print_leak_metric("leak_reports_total", "counter", LEAK_REPORTS,
			  "Leaks that a virtio-rng device has reported.");
	print_leak_metric("leak_covered_domains", "gauge", LEAK_COVERED,
			  "Domains whose generation the device moves before any CPU runs.");
	print_leak_metric("leak_room", "gauge", LEAK_ROOM,
			  "Domains for which the device has room.");
}

static void print_counterfile(const char *name, uint32_t generation)
{
	fputs("sysgenid_file_generation", stdout);
	print_label("container", name);
	printf(" %u\n", generation);
}

static void print_counterfiles(void)
{
	unsigned int damaged;

	begin("file_generation", "gauge", "The generation in a container's counter file.");
	damaged = tool_counterfiles_each(print_counterfile);
	gauge("files_damaged", "Counter files that cannot be read, or are none.", damaged);
}

int tool_print_metrics(const struct report *report)
{
	begin("build_info", "gauge", "The version of the command.");
	fputs("sysgenid_build_info", stdout);
	print_label("version", SYSGENID_VERSION);
	puts(" 1");
	gauge("module_loaded", "1 if the kernel module is loaded.", report != NULL);
	if (report) {
		print_counter(report);
		print_events();
		print_reseeds();
		print_sources();
		print_leak_devices();
	}
	print_counterfiles();
	return tool_flush();
}

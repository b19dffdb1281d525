// SPDX-License-Identifier: GPL-2.0-only
/* The module: is it loaded, and if not, why? */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "counterfile-page.h"

#include "ask.h"
#include "checks.h"
#include "../base/finding.h"

#define SOURCE "/usr/src/sysgenid-" SYSGENID_VERSION "/dkms.conf"
#define BUILD_LOG "/var/lib/dkms/sysgenid/" SYSGENID_VERSION "/build/make.log"
#define OR_FILE "; or let containers have a counter file: 'systemctl enable --now sysgenid-node'"

static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (good)
		line[strcspn(line, "\n")] = '\0';
	return good;
}

/* Is there a line in a file that has @part in it? */
static bool mentions(const char *path, const char *part)
{
	char line[4096];
	bool found = false;
	FILE *file = fopen(path, "re");

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, part);
	if (file)
		fclose(file);
	return found;
}

/* Without the module a counter file is enough for containers. */
static enum finding_state without_module(void)
{
	return access(SYSGENID_REGISTRY "/node/" SYSGENID_REGISTRY_FILE, F_OK) ? FINDING_PROBLEM
									       : FINDING_NOTE;
}

static void check_loaded(const char *release)
{
	char version[64] = "";

	if (read_line("/sys/module/sysgenid/version", version, sizeof(version)) &&
	    strcmp(version, SYSGENID_VERSION))
		finding_add(
			FINDING_NOTE, "module",
			"the installed one comes with the next boot, or by 'modprobe -r "
			"sysgenid' and 'modprobe sysgenid' while nobody uses it",
			"loaded in Linux %s is version %s, and this command is " SYSGENID_VERSION,
			release, version);
	else
		finding_add(FINDING_GOOD, "module", NULL, "loaded in Linux %s", release);
}

/* What makes this kernel refuse modules that no key of its own has signed; NULL: nothing does. */
static const char *enforced_by(void)
{
	char line[256];

	if (read_line("/sys/module/module/parameters/sig_enforce", line, sizeof(line)) &&
	    line[0] == 'Y')
		return "module.sig_enforce=1";
	if (read_line("/sys/kernel/security/lockdown", line, sizeof(line)) &&
	    (strstr(line, "[integrity]") || strstr(line, "[confidentiality]")))
		return "lockdown";
	return NULL;
}

/* The name of the key that signed the module file; "": none did. */
static void find_signer(char *signer, size_t size)
{
	struct answer answer;

	ask(&answer, "asking who signed the module",
	    (const char *const[]){ "/sbin/modinfo", "-F", "signer", "sysgenid", NULL }, ASK_MS,
	    false);
	snprintf(signer, size, "%.*s", (int)strcspn(answer.text, "\n"), answer.text);
}

/* Says so and returns true if the kernel will refuse the module. */
static bool check_signature(const char *release)
{
	const char *enforced = enforced_by(), *advice;
	char signer[256], key[260];

	if (!enforced)
		return false;
	find_signer(signer, sizeof(signer));
	snprintf(key, sizeof(key), " %s:", signer);
	/* Only root sees the kernel's keys; who does not see them is told of the possibility. */
	if (signer[0] && mentions("/proc/keys", key))
		return false;
	if (access("/sys/firmware/efi", F_OK))
		advice = "there is no UEFI to enrol DKMS's key in: use a kernel that has the key, "
			 "or boot without module.sig_enforce" OR_FILE;
	else if (signer[0])
		advice = "enrol DKMS's key: 'mokutil --import /var/lib/dkms/mok.pub', then reboot "
			 "and confirm it on the console" OR_FILE;
	else
		advice = "let DKMS sign it ('dkms install --force sysgenid/" SYSGENID_VERSION
			 "'), and enrol its key: 'mokutil --import /var/lib/dkms/mok.pub', then "
			 "reboot and confirm it on the console" OR_FILE;
	if (signer[0])
		finding_add(without_module(), "module", advice,
			    "not loaded: Linux %s takes only modules that a key it knows has "
			    "signed (%s), and '%s' is none that can be seen",
			    release, enforced, signer);
	else
		finding_add(without_module(), "module", advice,
			    "not loaded: Linux %s takes only signed modules (%s), and this one is "
			    "not signed",
			    release, enforced);
	return true;
}

static void check_unbuilt(const char *release)
{
	char headers[300], advice[512];

	snprintf(headers, sizeof(headers), "/lib/modules/%s/build/Makefile", release);
	snprintf(advice, sizeof(advice),
		 "install them (linux-headers-%s; on Fedora kernel-devel-%s), and DKMS builds it "
		 "('dkms autoinstall')" OR_FILE,
		 release, release);
	if (access(SOURCE, F_OK))
		finding_add(without_module(), "module",
			    "install the package sysgenid-dkms (or 'make install')" OR_FILE,
			    "its source is not installed: there is no " SOURCE);
	else if (access(headers, F_OK))
		finding_add(without_module(), "module", advice,
			    "not built for Linux %s, whose headers are not installed", release);
	else if (!access(BUILD_LOG, F_OK))
		finding_add(without_module(), "module", "read " BUILD_LOG OR_FILE,
			    "DKMS could not build it for Linux %s", release);
	else
		finding_add(without_module(), "module",
			    "run 'dkms install sysgenid/" SYSGENID_VERSION
			    "' and 'modprobe sysgenid'" OR_FILE,
			    "not built for Linux %s", release);
}

void doctor_check_module(void)
{
	struct utsname kernel;
	char list[300];

	uname(&kernel);
	snprintf(list, sizeof(list), "/lib/modules/%s/modules.dep", kernel.release);
	if (!access("/sys/module/sysgenid", F_OK))
		check_loaded(kernel.release);
	else if (!mentions(list, "/sysgenid.ko"))
		check_unbuilt(kernel.release);
	else if (!check_signature(kernel.release))
		finding_add(FINDING_PROBLEM, "module",
			    "run 'modprobe sysgenid', and 'echo sysgenid > "
			    "/etc/modules-load.d/sysgenid.conf' for the next boots",
			    "not loaded, but built for Linux %s", kernel.release);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The module's device, and counter files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <libsysgenid.h>

#include "counterfile-page.h"

#include "checks.h"
#include "../base/finding.h"

#define MISC_MAJOR 10
#define NODE_FILE SYSGENID_REGISTRY "/node/" SYSGENID_REGISTRY_FILE

static bool is_loaded(void)
{
	return !access("/sys/module/sysgenid", F_OK);
}

static void check_node(unsigned int minor_wanted)
{
	struct stat node;
	struct sysgenid *handle;
	int error;

	if (stat(SYSGENID_DEVICE, &node) || !S_ISCHR(node.st_mode)) {
		finding_add(FINDING_PROBLEM, "device",
			    "let udev make it, or 'mknod -m 666 " SYSGENID_DEVICE " c 10 MINOR'",
			    SYSGENID_DEVICE " is not a device node");
		return;
	}
	if (node.st_rdev != makedev(MISC_MAJOR, minor_wanted)) {
		finding_add(FINDING_PROBLEM, "device", "remove the node and load the module again",
			    SYSGENID_DEVICE " is the device %u:%u, but the module's is %u:%u",
			    major(node.st_rdev), minor(node.st_rdev), MISC_MAJOR, minor_wanted);
		return;
	}
	if ((node.st_mode & 0666) != 0666)
		finding_add(FINDING_NOTE, "device", "chmod 666 " SYSGENID_DEVICE,
			    "mode %o: only some users can look at the counter",
			    node.st_mode & 0777);
	error = sysgenid_open(&handle, SYSGENID_DEVICE, SYSGENID_OPEN_MAP_ONLY);
	if (error) {
		finding_add(FINDING_PROBLEM, "device", "read the kernel log (dmesg)",
			    "cannot be opened and mapped: %s", strerror(-error));
		return;
	}
	finding_add(FINDING_GOOD, "device", NULL, SYSGENID_DEVICE " works, generation %u",
		    sysgenid_generation(handle));
	sysgenid_close(handle);
}

void doctor_check_device(void)
{
	struct sysgenid_status status;
	int error = sysgenid_get_status(&status, NULL);

	if (error == -ENOENT) {
		finding_add(FINDING_NOTE, "device", NULL, "none without the module");
		return;
	}
	if (error) {
		finding_add(FINDING_PROBLEM, "device", "read the kernel log (dmesg)",
			    "the module does not answer: %s", strerror(-error));
		return;
	}
	if (status.minor == SYSGENID_MINOR)
		finding_add(FINDING_GOOD, "minor", NULL, "%u, as on every machine", status.minor);
	else
		finding_add(
			FINDING_NOTE, "minor",
			"load the module without the parameter 'minor' on all machines, or with "
			"the same one",
			"%u instead of %u: checkpoints from other machines cannot be restored here",
			status.minor, SYSGENID_MINOR);
	check_node(status.minor);
}

void doctor_check_files(void)
{
	struct sysgenid *handle;
	int error = sysgenid_open(&handle, NODE_FILE, SYSGENID_OPEN_MAP_ONLY);

	if (!error) {
		finding_add(FINDING_GOOD, "file", NULL, NODE_FILE " is there, generation %u",
			    sysgenid_generation(handle));
		sysgenid_close(handle);
		return;
	}
	if (error != -ENOENT)
		finding_add(FINDING_PROBLEM, "file",
			    "remove it; 'sysgenid-hook make node' makes it anew",
			    NODE_FILE " is not a counter");
	else
		finding_add(
			is_loaded() ? FINDING_GOOD : FINDING_NOTE, "file",
			"'sysgenid-hook make node' makes it, 'systemctl enable sysgenid-node' at "
			"each boot; only nodes without the module need it",
			"there is no counter file");
}

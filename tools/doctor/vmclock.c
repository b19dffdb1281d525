// SPDX-License-Identifier: GPL-2.0-only
/* What a /dev/vmclock0 means for containers: the hypervisor's knows nothing of them. */
#include "libsysgenid.h"

#include <sys/stat.h>

#include "checks.h"
#include "../base/finding.h"

#define NODE "/dev/vmclock0"

void doctor_check_vmclock(void)
{
	struct stat node, view;

	if (stat(NODE, &node) || !S_ISCHR(node.st_mode))
		return;
	if (!stat(SYSGENID_VIEW_DEVICE, &view) && view.st_rdev == node.st_rdev)
		finding_add(FINDING_GOOD, "vmclock", NULL, NODE " is the counter's own view");
	else
		finding_add(FINDING_NOTE, "vmclock",
			    "give containers the view in its place: CDI "
			    "sysgenid.dev/counter=vmclock, or a node with the number "
			    "of " SYSGENID_VIEW_DEVICE,
			    NODE " is the hypervisor's, and nothing in it changes when a container "
				 "is restored: programs that open it then take themselves for the "
				 "original. Those that had it at the dump are given the view");
}

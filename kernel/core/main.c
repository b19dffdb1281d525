// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <net/genetlink.h>

#include "counter.h"
#include "device.h"
#include "domain.h"
#include "event.h"
#include "netlink.h"
#include "reseed.h"
#include "view.h"
#include "viewnode.h"
#include "vmclock.h"
#include "watcher.h"

static unsigned int minor = SYSGENID_MINOR;
module_param(minor, uint, 0444);
MODULE_PARM_DESC(
	minor,
	"minor number of /dev/sysgenid, 243 to 254 (default 243); keep it the same on all hosts");

static unsigned int view_minor = SYSGENID_VIEW_MINOR;
module_param(view_minor, uint, 0444);
MODULE_PARM_DESC(view_minor, "minor number of /dev/sysgenid-vmclock, 243 to 254 (default 244)");

static bool sysgenid_minor_is_good(const char *name, unsigned int number)
{
	if (number >= SYSGENID_MINOR && number < MISC_DYNAMIC_MINOR)
		return true;
	pr_err("%s=%u is not between %u and %u: those are for local use and free\n", name, number,
	       SYSGENID_MINOR, MISC_DYNAMIC_MINOR - 1);
	return false;
}

static int __init sysgenid_init(void)
{
	int ret;

	if (!sysgenid_minor_is_good("minor", minor) ||
	    !sysgenid_minor_is_good("view_minor", view_minor))
		return -EINVAL;
	sysgenid_events_start();
	ret = sysgenid_vmclock_init();
	if (ret)
		return ret;
	ret = sysgenid_counter_init(&sysgenid_system, GFP_KERNEL);
	if (ret)
		goto err_vmclock;
	sysgenid_watchers_init(&sysgenid_system);
	sysgenid_system.pid_ns = &init_pid_ns;
	/* Before anybody can ask who this machine is, or have it reseeded. */
	sysgenid_reseed_init(&sysgenid_system);
	ret = sysgenid_netlink_register();
	if (ret) {
		pr_err("cannot register the netlink family: error %d\n", ret);
		goto err_events;
	}
	/*
	 * The nodes last: as soon as one is there, a user may have it open, so nothing after it may
	 * fail.
	 */
	ret = sysgenid_device_register(minor);
	if (ret) {
		pr_err("cannot register minor %u: error %d; is it taken (see /proc/misc)? Choose "
		       "another with minor=\n",
		       minor, ret);
		goto err_netlink;
	}
	sysgenid_viewnode_register(view_minor);
	return 0;

err_netlink:
	sysgenid_netlink_unregister();
err_events:
	sysgenid_events_stop();
	sysgenid_counter_destroy(&sysgenid_system);
err_vmclock:
	sysgenid_vmclock_exit();
	return ret;
}

static void __exit sysgenid_exit(void)
{
	/* Files and drivers pin this module, so there are none, and no domains. */
	sysgenid_device_unregister();
	sysgenid_viewnode_unregister();
	sysgenid_netlink_unregister();
	sysgenid_events_stop();
	sysgenid_view_drop(&sysgenid_system);
	sysgenid_counter_destroy(&sysgenid_system);
	sysgenid_vmclock_exit();
}

module_init(sysgenid_init);
module_exit(sysgenid_exit);

/*
 * Loaded by whoever first asks: criu's plugin over netlink, a program that opens the static device
 * node which udev makes from modules.devname.
 */
MODULE_ALIAS_GENL_FAMILY(SYSGENID_GENL_NAME);
MODULE_ALIAS_MISCDEV(SYSGENID_MINOR);
MODULE_ALIAS("devname:sysgenid");
/*
 * The view's: "char-major-10-244". A pattern, since depmod takes any "char-major-MAJOR-MINOR" of a
 * module for the number of its one devname.
 */
MODULE_ALIAS("char-major-1[0]-" __stringify(SYSGENID_VIEW_MINOR));
MODULE_DESCRIPTION(
	"System generation counter: tells software that it was restored from a snapshot");
MODULE_AUTHOR("The sysgenid authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(SYSGENID_VERSION);

// SPDX-License-Identifier: LGPL-2.1-or-later
/* From an error to a sentence that says what to do. */
#define _POSIX_C_SOURCE 200809L /* strerror_r() that returns int, in every C library */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/stat.h>

#define INITIAL_USER_NAMESPACE_INODE 0xEFFFFFFDU /* the kernel gives it this number, always */

#define ADVICE "run it as root, or give the program one of them (setcap cap_checkpoint_restore+ep)"
#define NO_DRIVER                                                                                  \
	"the kernel module sysgenid is not loaded, or not any more: run 'modprobe sysgenid' (on "  \
	"the host, for a container) and look whether the device has the driver's minor number"
#define NEEDED "moving the generation needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN "

static const char *const explanations[] = {
	[ENOENT] = "the kernel module sysgenid is not loaded, or the given device does not exist: "
		   "run 'modprobe sysgenid' (on the host, for a container)",
	[ENXIO] = NO_DRIVER,
	[ENODEV] = NO_DRIVER,
	[EACCES] = "the device may not be opened: its mode should be 0666, and a container's "
		   "runtime must allow the device (runc, podman: --device /dev/sysgenid)",
	[ENOTTY] =
		"that file is not the generation counter: use /dev/sysgenid, or look whether its "
		"node has the driver's major and minor number (or, as a page in a file, belongs to "
		"root "
		"and is writable by nobody else)",
	[EBADF] = "this handle has only a mapping and no open file: open it without "
		  "SYSGENID_OPEN_MAP_ONLY",
	[ESTALE] =
		"the generation has changed meanwhile: adapt to the new one and acknowledge that",
	[ETIME] = "the time limit is over and the generation is not what was waited for, or "
		  "watchers have not acknowledged it: wait longer, or see who lags with 'sysgenid "
		  "status'",
	[ETIMEDOUT] = "the kernel did not answer in time and may or may not have done it: read "
		      "the kernel log (dmesg) and ask again",
	[EINTR] = "interrupted by a signal, or this handle is outdated itself: acknowledge the "
		  "current generation and call again",
	[ENOBUFS] = "events came faster than they were read and some were missed: ask for the "
		    "status, the subscription goes on",
	[ERANGE] = "the wanted generation is too far above the highest one so far (more than "
		   "16777216) and "
		   "nothing was changed: check where the number comes from, then force it",
	[EIO] = "the generation was moved, but the kernel's random number generator could not be "
		"reseeded: read the kernel log (dmesg), then trigger again",
	[EBUSY] =
		"others move that generation all the time, and nothing was changed: try again, or "
		"stop the programs in that container that trigger",
	[EINVAL] = "an argument or a flag is not known here: library and kernel module may be of "
		   "different versions",
	[EOPNOTSUPP] =
		"the loaded kernel module does not know this request: load the one that belongs "
		"to this library; a counter file has no watchers at all: load the module",
	[EPROTO] = "the kernel's answer cannot be understood: library and kernel module are of "
		   "different versions",
	[EAFNOSUPPORT] = "there is no netlink here (a sandbox?): run it outside",
	[EPROTONOSUPPORT] = "this kernel has no generic netlink: use a kernel built with it",
	[EMFILE] = "this process has no free file descriptor: raise its limit (ulimit -n)",
	[ENFILE] = "the system has no free file descriptor: raise fs.file-max",
	[ENOMEM] = "out of memory",
};

static bool has_capability(cap_value_t capability, cap_flag_t set)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t state = cap_get_proc();

	if (!state)
		return false;
	if (cap_get_flag(state, capability, set, &value) < 0)
		value = CAP_CLEAR;
	cap_free(state);
	return value == CAP_SET;
}

static bool has_either(cap_flag_t set)
{
	return has_capability(CAP_CHECKPOINT_RESTORE, set) || has_capability(CAP_SYS_ADMIN, set);
}

static bool in_initial_user_namespace(void)
{
	struct stat status;

	/* Without /proc nobody knows: assume the usual case. */
	return stat("/proc/self/ns/user", &status) < 0 ||
	       status.st_ino == INITIAL_USER_NAMESPACE_INODE;
}

static const char *explain_refusal(void)
{
	if (!in_initial_user_namespace())
		return NEEDED "in the initial user namespace, and this process is in another one: "
			      "run it on the host, outside of containers with users of their own";
	if (has_either(CAP_EFFECTIVE))
		return "this process has the capability, so a security module (see the audit log) "
		       "or "
		       "a sandbox refuses it: allow it there";
	if (has_either(CAP_PERMITTED))
		return NEEDED "and this process has it permitted but not effective: raise it";
	return NEEDED "in the initial user namespace, and this process has neither: " ADVICE;
}

static const char *find_explanation(int error)
{
	if (error == EPERM)
		return explain_refusal();
	if ((size_t)error < sizeof(explanations) / sizeof(explanations[0]))
		return explanations[error];
	return NULL;
}

char *sysgenid_explain(int error, char *text, size_t size)
{
	const char *explanation;

	if (!size)
		return text;
	if (error >= 0) {
		snprintf(text, size, "no error");
		return text;
	}
	explanation = find_explanation(-error);
	if (explanation)
		snprintf(text, size, "%s", explanation);
	else if (strerror_r(-error, text, size))
		snprintf(text, size, "error %d", -error);
	return text;
}

// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <control.h>

#include "module.h"

static struct sysgenid_control control = { .fd = -1 };

static int reach(struct sysgenid_error *details)
{
	return control.fd < 0 ? sysgenid_control_open(&control, details) : 0;
}

/* Fills in why, and finds the device without the module's answer. Returns error. */
static int explain(int error, const struct sysgenid_error *details, struct sysgenid_device *device,
		   struct sysgenid_reason *why)
{
	snprintf(why->text, sizeof(why->text), "%s",
		 details->text[0] ? details->text : strerror(-error));
	if (error == -ENOENT)
		device->state = SYSGENID_DEVICE_ABSENT;
	else
		sysgenid_device_find(device);
	/* Closed, since a late answer would be taken for the answer to the next request. */
	sysgenid_module_close();
	return error;
}

int sysgenid_module_ask(int pid_namespace, struct sysgenid_device *device, uint32_t *highest,
			struct sysgenid_reason *why)
{
	struct sysgenid_error details = { "" };
	struct sysgenid_status status;
	struct sysgenid_place place;
	int error = reach(&details);

	if (!error) {
		control.pidns_fd = pid_namespace;
		error = sysgenid_control_status(&control, &status, &place, &details);
		control.pidns_fd = -1;
	}
	if (error)
		return explain(error, &details, device, why);
	sysgenid_device_set(device, status.minor, place.view_minor);
	*highest = status.highest;
	return 0;
}

int sysgenid_module_domain(uint32_t *domain, struct sysgenid_reason *why)
{
	struct sysgenid_error details = { "" };
	struct sysgenid_device device;
	struct sysgenid_status status;
	struct sysgenid_place place;
	int error = reach(&details);

	if (!error)
		error = sysgenid_control_status(&control, &status, &place, &details);
	if (error)
		return explain(error, &details, &device, why);
	*domain = place.domain;
	return 0;
}

static int learn_device(const struct sysgenid_moved *moved, struct sysgenid_device *device,
			struct sysgenid_reason *why)
{
	uint32_t highest;

	if (!moved->minor_known)
		return sysgenid_module_ask(-1, device, &highest, why);
	sysgenid_device_set(device, moved->minor, moved->view_minor);
	return 0;
}

int sysgenid_module_trigger(int pid_namespace, uint32_t min, unsigned int flags,
			    struct sysgenid_device *device, uint32_t *generation,
			    struct sysgenid_reason *why)
{
	struct sysgenid_error details = { "" };
	struct sysgenid_moved moved;
	int error = reach(&details);

	if (!error) {
		control.pidns_fd = pid_namespace;
		error = sysgenid_control_trigger(&control, min, flags, &moved, &details);
		control.pidns_fd = -1;
	}
	if (error)
		return explain(error, &details, device, why);
	*generation = moved.generation;
	return learn_device(&moved, device, why);
}

int sysgenid_module_reseed(uint32_t min, unsigned int flags, struct sysgenid_device *device,
			   struct sysgenid_reason *why)
{
	struct sysgenid_error details = { "" };
	struct sysgenid_moved moved;
	int error = reach(&details);

	if (!error)
		error = sysgenid_control_reseed(&control, min, flags, &moved, &details);
	return error ? explain(error, &details, device, why) : learn_device(&moved, device, why);
}

void sysgenid_module_close(void)
{
	sysgenid_control_close(&control);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control plane, for callers with several requests. */
#ifndef SYSGENID_CONTROL_H
#define SYSGENID_CONTROL_H

#include "internal.h"

/* A socket and the number of our family, for callers with several requests (the criu plugin). */
struct sysgenid_control {
	int fd; /* -1: closed */
	uint16_t family;
	/*
	 * The PID namespace that requests are about; -1, as after opening: none is named.
	 */
	int pidns_fd;
};

/* Returns 0 or -errno; -ENOENT: the module is not loaded. */
int sysgenid_control_open(struct sysgenid_control *control, struct sysgenid_error *error);
/* Close the socket after -ETIMEDOUT: the answer may still come. */
void sysgenid_control_close(struct sysgenid_control *control);

/* What sysgenid_trigger() or a reseed has done. */
struct sysgenid_moved {
	uint32_t generation;
	uint32_t minor; /* of the device, if minor_known */
	bool minor_known;
	uint32_t view_minor; /* 0: the module is older and has no view */
};

/* 0 of a module that is older and does not tell. */
struct sysgenid_place {
	uint32_t domain;
	uint32_t view_minor;
};

/* As the functions of libsysgenid.h without "control" in their names. */
int sysgenid_control_trigger(const struct sysgenid_control *control, uint32_t min_generation,
			     unsigned int flags, struct sysgenid_moved *moved,
			     struct sysgenid_error *error);
int sysgenid_control_status(const struct sysgenid_control *control, struct sysgenid_status *status,
			    struct sysgenid_place *place, struct sysgenid_error *error);
/* Sets all of @who but what. */
int sysgenid_control_who(const struct sysgenid_control *control, struct sysgenid_awaited *who,
			 struct sysgenid_error *error);
/* min_generation and FORCE apply to domains that begin after this call */
int sysgenid_control_reseed(const struct sysgenid_control *control, uint32_t min_generation,
			    unsigned int flags, struct sysgenid_moved *moved,
			    struct sysgenid_error *error);

#endif

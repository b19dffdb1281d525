// SPDX-License-Identifier: LGPL-2.1-or-later
/* The control plane: trigger and status. */
#include "control.h"

#include <errno.h>
#include <string.h>

#include <cleanup.h>

#include "netlink.h"

struct call {
	struct sysgenid_request request;
	struct sysgenid_reply reply;
	struct sysgenid_nl_attr attrs[SYSGENID_A_MAX + 1]; /* point into the reply */
};

int sysgenid_control_open(struct sysgenid_control *control, struct sysgenid_error *error)
{
	cleanup_close int fd = sysgenid_nl_open();
	struct sysgenid_family family;
	int ret;

	if (error)
		error->text[0] = '\0';
	if (fd < 0)
		return fd;
	ret = sysgenid_nl_resolve(fd, SYSGENID_GENL_NAME, NULL, &family, error);
	if (ret < 0)
		return ret;
	control->fd = sysgenid_steal_fd(&fd);
	control->family = family.id;
	control->pidns_fd = -1;
	return 0;
}

void sysgenid_control_close(struct sysgenid_control *control)
{
	sysgenid_cleanup_close(&control->fd);
	control->fd = -1;
}

/* Gets the value of an attribute. Returns 0, or -EPROTO if it is absent. */
static int get_u32(const struct call *call, int type, uint32_t *value)
{
	return sysgenid_nl_get(&call->attrs[type], value, sizeof(*value));
}

static int put_u32(struct call *call, uint16_t type, uint32_t value)
{
	return sysgenid_nl_put(&call->request, type, &value, sizeof(value));
}

static int begin_call(const struct sysgenid_control *control, struct call *call, uint8_t command)
{
	sysgenid_nl_request(&call->request, control->family, command, SYSGENID_GENL_VERSION);
	if (control->pidns_fd < 0)
		return 0;
	return put_u32(call, SYSGENID_A_PIDNS_FD, (uint32_t)control->pidns_fd);
}

static int finish_call(const struct sysgenid_control *control, struct call *call, int timeout_ms,
		       struct sysgenid_error *error)
{
	return sysgenid_nl_call(control->fd, &call->request, timeout_ms, &call->reply, call->attrs,
				SYSGENID_A_MAX, error);
}

/* The kernel answers after it has reseeded its random number generator. */
static int finish_move(const struct sysgenid_control *control, struct call *call,
		       struct sysgenid_moved *moved, struct sysgenid_error *error)
{
	int ret = finish_call(control, call, SYSGENID_TRIGGER_TIMEOUT_MS, error);

	if (!ret)
		ret = get_u32(call, SYSGENID_A_GENERATION, &moved->generation);
	/* Modules of earlier releases do not report it. */
	moved->minor_known = !ret && !get_u32(call, SYSGENID_A_MINOR, &moved->minor);
	if (ret || get_u32(call, SYSGENID_A_VIEW_MINOR, &moved->view_minor))
		moved->view_minor = 0;
	return ret;
}

int sysgenid_control_trigger(const struct sysgenid_control *control, uint32_t min_generation,
			     unsigned int flags, struct sysgenid_moved *moved,
			     struct sysgenid_error *error)
{
	const uint32_t cause = flags & SYSGENID_TRIGGER_RESTORE	 ? SYSGENID_CAUSE_RESTORE
			       : flags & SYSGENID_TRIGGER_RESUME ? SYSGENID_CAUSE_RESUME
								 : SYSGENID_CAUSE_ADMIN;
	struct call call;
	int ret;

	ret = begin_call(control, &call, SYSGENID_CMD_TRIGGER);
	if (!ret)
		ret = put_u32(&call, SYSGENID_A_CAUSE, cause);
	if (!ret)
		ret = put_u32(&call, SYSGENID_A_MIN_GENERATION, min_generation);
	if (!ret && flags & SYSGENID_TRIGGER_FORCE)
		ret = sysgenid_nl_put(&call.request, SYSGENID_A_FORCE, NULL, 0);
	return ret ? ret : finish_move(control, &call, moved, error);
}

int sysgenid_control_reseed(const struct sysgenid_control *control, uint32_t min_generation,
			    unsigned int flags, struct sysgenid_moved *moved,
			    struct sysgenid_error *error)
{
	struct call call;
	int ret = begin_call(control, &call, SYSGENID_CMD_RESEED);

	if (!ret && min_generation)
		ret = put_u32(&call, SYSGENID_A_MIN_GENERATION, min_generation);
	if (!ret && flags & SYSGENID_TRIGGER_FORCE)
		ret = sysgenid_nl_put(&call.request, SYSGENID_A_FORCE, NULL, 0);
	return ret ? ret : finish_move(control, &call, moved, error);
}

int sysgenid_control_status(const struct sysgenid_control *control, struct sysgenid_status *status,
			    struct sysgenid_place *place, struct sysgenid_error *error)
{
	struct sysgenid_status new;
	struct call call;
	const struct {
		int type;
		uint32_t *value;
	} fields[] = {
		{ SYSGENID_A_GENERATION, &new.generation }, { SYSGENID_A_HIGHEST, &new.highest },
		{ SYSGENID_A_WATCHERS, &new.watchers },	    { SYSGENID_A_OUTDATED, &new.outdated },
		{ SYSGENID_A_CAUSE, &new.cause },	    { SYSGENID_A_MINOR, &new.minor },
	};
	int ret;

	ret = begin_call(control, &call, SYSGENID_CMD_GET);
	if (!ret)
		ret = finish_call(control, &call, SYSGENID_REQUEST_TIMEOUT_MS, error);
	for (size_t i = 0; !ret && i < sizeof(fields) / sizeof(fields[0]); i++)
		ret = get_u32(&call, fields[i].type, fields[i].value);
	if (ret)
		return ret;
	*status = new;
	if (get_u32(&call, SYSGENID_A_DOMAIN, &place->domain))
		place->domain = 0;
	if (get_u32(&call, SYSGENID_A_VIEW_MINOR, &place->view_minor))
		place->view_minor = 0;
	return 0;
}

int sysgenid_control_who(const struct sysgenid_control *control, struct sysgenid_awaited *who,
			 struct sysgenid_error *error)
{
	struct call call;
	int ret = begin_call(control, &call, SYSGENID_CMD_GET);

	if (!ret)
		ret = finish_call(control, &call, SYSGENID_REQUEST_TIMEOUT_MS, error);
	if (!ret)
		ret = get_u32(&call, SYSGENID_A_GENERATION, &who->generation);
	if (ret)
		return ret;
	/* Modules of earlier releases know no resume. */
	if (get_u32(&call, SYSGENID_A_RESTORED, &who->restored))
		who->restored = who->generation;
	who->has_incarnation = !sysgenid_nl_get(&call.attrs[SYSGENID_A_INCARNATION],
						who->incarnation, sizeof(who->incarnation));
	return 0;
}

/* @pidns_fd: -1 for the system's domain */
static int trigger(int pidns_fd, uint32_t min_generation, unsigned int flags, uint32_t *generation,
		   struct sysgenid_error *error)
{
	struct sysgenid_control control;
	struct sysgenid_moved moved;
	int ret;

	if (error)
		error->text[0] = '\0';
	if (flags & ~(SYSGENID_TRIGGER_RESTORE | SYSGENID_TRIGGER_RESUME | SYSGENID_TRIGGER_FORCE))
		return -EINVAL;
	ret = sysgenid_control_open(&control, error);
	if (ret < 0)
		return ret;
	control.pidns_fd = pidns_fd;
	ret = sysgenid_control_trigger(&control, min_generation, flags, &moved, error);
	sysgenid_control_close(&control);
	if (!ret && generation)
		*generation = moved.generation;
	return ret;
}

int sysgenid_trigger(uint32_t min_generation, unsigned int flags, uint32_t *generation,
		     struct sysgenid_error *error)
{
	return trigger(-1, min_generation, flags, generation, error);
}

int sysgenid_trigger_domain(int pidns_fd, uint32_t min_generation, unsigned int flags,
			    uint32_t *generation, struct sysgenid_error *error)
{
	/* A caller whose open() of the namespace failed must not move the whole system. */
	if (pidns_fd < 0) {
		if (error)
			error->text[0] = '\0';
		return -EBADF;
	}
	return trigger(pidns_fd, min_generation, flags, generation, error);
}

int sysgenid_get_domain_status(int pidns_fd, struct sysgenid_status *status, uint32_t *domain,
			       struct sysgenid_error *error)
{
	struct sysgenid_control control;
	struct sysgenid_place place;
	int ret;

	ret = sysgenid_control_open(&control, error);
	if (ret < 0)
		return ret;
	control.pidns_fd = pidns_fd;
	ret = sysgenid_control_status(&control, status, &place, error);
	sysgenid_control_close(&control);
	if (!ret && domain)
		*domain = place.domain;
	return ret;
}

int sysgenid_get_incarnation(int pidns_fd, void *id, uint32_t *generation,
			     struct sysgenid_error *error)
{
	struct sysgenid_control control;
	struct sysgenid_awaited who;
	int ret;

	ret = sysgenid_control_open(&control, error);
	if (ret < 0)
		return ret;
	control.pidns_fd = pidns_fd;
	ret = sysgenid_control_who(&control, &who, error);
	sysgenid_control_close(&control);
	if (ret < 0)
		return ret;
	if (!who.has_incarnation)
		return -EAGAIN;
	memcpy(id, who.incarnation, sizeof(who.incarnation));
	if (generation)
		*generation = who.generation;
	return 0;
}

int sysgenid_get_status(struct sysgenid_status *status, struct sysgenid_error *error)
{
	return sysgenid_get_domain_status(-1, status, NULL, error);
}

int sysgenid_reseed(struct sysgenid_error *error)
{
	struct sysgenid_control control;
	struct sysgenid_moved moved;
	int ret;

	ret = sysgenid_control_open(&control, error);
	if (ret < 0)
		return ret;
	ret = sysgenid_control_reseed(&control, 0, 0, &moved, error);
	sysgenid_control_close(&control);
	return ret;
}

const char *sysgenid_cause_name(uint32_t cause)
{
	switch (cause) {
	case SYSGENID_CAUSE_NONE:
		return "none";
	case SYSGENID_CAUSE_IOCTL:
		return "ioctl";
	case SYSGENID_CAUSE_ADMIN:
		return "admin";
	case SYSGENID_CAUSE_RESTORE:
		return "restore";
	case SYSGENID_CAUSE_VIRTIO_LEAK:
		return "virtio-leak";
	case SYSGENID_CAUSE_VMGENID:
		return "vmgenid";
	case SYSGENID_CAUSE_KERNEL:
		return "kernel";
	case SYSGENID_CAUSE_VMCLOCK:
		return "vmclock";
	case SYSGENID_CAUSE_RESUME:
		return "resume";
	default:
		return "unknown";
	}
}

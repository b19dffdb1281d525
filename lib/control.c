// SPDX-License-Identifier: LGPL-2.1-or-later
/* The control plane: trigger and status. A request opens a socket of its own, and closes it. */
#include "internal.h"

#include <errno.h>

struct request {
	int fd;
	struct nl_msg *message;
	struct sysgenid_reply reply;
	struct nlattr *attrs[SYSGENID_A_MAX + 1];
};

static void request_end(struct request *request)
{
	sysgenid_close_fd(&request->fd);
	nlmsg_free(request->message);
}

#define cleanup_request __attribute__((cleanup(request_end)))

static int request_begin(struct request *request, uint8_t command, struct sysgenid_error *error)
{
	struct sysgenid_family family;
	int ret;

	if (error)
		error->text[0] = '\0';
	request->fd = sysgenid_nl_open();
	if (request->fd < 0)
		return request->fd;
	ret = sysgenid_nl_resolve(request->fd, SYSGENID_GENL_NAME, NULL, &family, error);
	if (ret < 0)
		return ret;
	request->message = sysgenid_nl_request(family.id, command, SYSGENID_GENL_VERSION);
	return request->message ? 0 : -ENOMEM;
}

static int request_call(struct request *request, int timeout_ms, struct sysgenid_error *error)
{
	static const struct nla_policy policy[SYSGENID_A_MAX + 1] = {
		[SYSGENID_A_GENERATION] = { .type = NLA_U32 },
		[SYSGENID_A_CAUSE] = { .type = NLA_U32 },
		[SYSGENID_A_HIGHEST] = { .type = NLA_U32 },
		[SYSGENID_A_WATCHERS] = { .type = NLA_U32 },
		[SYSGENID_A_OUTDATED] = { .type = NLA_U32 },
		[SYSGENID_A_MINOR] = { .type = NLA_U32 },
	};

	return sysgenid_nl_call(request->fd, request->message, timeout_ms, &request->reply,
				request->attrs, policy, SYSGENID_A_MAX, error);
}

int sysgenid_trigger(uint32_t min_generation, unsigned int flags, uint32_t *generation,
		     struct sysgenid_error *error)
{
	const uint32_t cause =
		flags & SYSGENID_TRIGGER_RESTORE ? SYSGENID_CAUSE_RESTORE : SYSGENID_CAUSE_ADMIN;
	cleanup_request struct request request = { .fd = -1 };
	uint32_t reached;
	int ret;

	if (error)
		error->text[0] = '\0';
	if (flags & ~(SYSGENID_TRIGGER_RESTORE | SYSGENID_TRIGGER_FORCE))
		return -EINVAL;
	ret = request_begin(&request, SYSGENID_CMD_TRIGGER, error);
	if (ret < 0)
		return ret;
	if (nla_put_u32(request.message, SYSGENID_A_CAUSE, cause) < 0 ||
	    nla_put_u32(request.message, SYSGENID_A_MIN_GENERATION, min_generation) < 0)
		return -ENOMEM;
	if (flags & SYSGENID_TRIGGER_FORCE && nla_put_flag(request.message, SYSGENID_A_FORCE) < 0)
		return -ENOMEM;
	ret = request_call(&request, SYSGENID_TRIGGER_TIMEOUT_MS, error);
	if (ret < 0)
		return ret;
	ret = sysgenid_nl_u32(request.attrs, SYSGENID_A_GENERATION, &reached);
	if (!ret && generation)
		*generation = reached;
	return ret;
}

int sysgenid_get_status(struct sysgenid_status *status, struct sysgenid_error *error)
{
	cleanup_request struct request request = { .fd = -1 };
	struct sysgenid_status new;
	const struct {
		int type;
		uint32_t *value;
	} fields[] = {
		{ SYSGENID_A_GENERATION, &new.generation }, { SYSGENID_A_HIGHEST, &new.highest },
		{ SYSGENID_A_WATCHERS, &new.watchers },	    { SYSGENID_A_OUTDATED, &new.outdated },
		{ SYSGENID_A_CAUSE, &new.cause },	    { SYSGENID_A_MINOR, &new.minor },
	};
	int ret;

	ret = request_begin(&request, SYSGENID_CMD_GET, error);
	if (!ret)
		ret = request_call(&request, SYSGENID_REQUEST_TIMEOUT_MS, error);
	for (size_t i = 0; !ret && i < sizeof(fields) / sizeof(fields[0]); i++)
		ret = sysgenid_nl_u32(request.attrs, fields[i].type, fields[i].value);
	if (!ret)
		*status = new;
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
	default:
		return "unknown";
	}
}

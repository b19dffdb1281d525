// SPDX-License-Identifier: GPL-2.0-only
/* What other kernel code calls to have requests of its own: virtio_rng_leak.h. */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "api.h"
#include "leak.h"
#include "others.h"

static DEFINE_MUTEX(api_lock); /* guards api_devices; taken outside of a device's leak lock */
static LIST_HEAD(api_devices); /* those that are started */

void vrng_api_start(struct vrng_leak *leak)
{
	if (!leak->present)
		return;
	mutex_lock(&api_lock);
	list_add_tail(&leak->node, &api_devices);
	mutex_unlock(&api_lock);
}

void vrng_api_stop(struct vrng_leak *leak)
{
	if (!leak->present)
		return;
	mutex_lock(&api_lock);
	list_del(&leak->node);
	mutex_unlock(&api_lock);
}

static void api_call(struct work_struct *work)
{
	struct virtio_rng_leak_request *request =
		container_of(work, struct virtio_rng_leak_request, work);

	request->executed(request);
}

static struct virtio_rng_leak_request *
api_add(const void *bytes, size_t length, void (*executed)(struct virtio_rng_leak_request *request),
	void *data)
{
	struct virtio_rng_leak_request *request;
	struct vrng_leak *leak;
	int ret = -ENOMEM;

	if (!length || length > VIRTIO_RNG_LEAK_BYTES)
		return ERR_PTR(-EINVAL);
	request = kzalloc(sizeof(*request), GFP_KERNEL);
	if (!request)
		return ERR_PTR(-ENOMEM);
	request->destination = (void *)get_zeroed_page(GFP_KERNEL);
	if (!request->destination)
		goto err_request;
	if (bytes) {
		request->source = (void *)get_zeroed_page(GFP_KERNEL);
		if (!request->source)
			goto err_destination;
		memcpy(request->source, bytes, length);
	}
	request->length = length;
	request->executed = executed;
	request->data = data;
	kref_init(&request->users);
	INIT_WORK(&request->work, api_call);
	ret = vrng_others_enter(request);
	if (ret)
		goto err_source;

	mutex_lock(&api_lock);
	list_for_each_entry(leak, &api_devices, node)
		vrng_leak_arm_others(leak);
	mutex_unlock(&api_lock);
	return request;

err_source:
	free_page((unsigned long)request->source);
err_destination:
	free_page((unsigned long)request->destination);
err_request:
	kfree(request);
	return ERR_PTR(ret);
}

struct virtio_rng_leak_request *
virtio_rng_leak_add_fill(size_t length, void (*executed)(struct virtio_rng_leak_request *request),
			 void *data)
{
	return api_add(NULL, length, executed, data);
}
EXPORT_SYMBOL_GPL(virtio_rng_leak_add_fill);

struct virtio_rng_leak_request *
virtio_rng_leak_add_copy(const void *bytes, size_t length,
			 void (*executed)(struct virtio_rng_leak_request *request), void *data)
{
	return api_add(bytes, length, executed, data);
}
EXPORT_SYMBOL_GPL(virtio_rng_leak_add_copy);

void virtio_rng_leak_remove(struct virtio_rng_leak_request *request)
{
	vrng_others_remove(request);
}
EXPORT_SYMBOL_GPL(virtio_rng_leak_remove);

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-rng-leak-pci: the device, with its properties, its life, its migration and the VM's
 * run state. virtio-rng-leak.h says what guest and device agree on.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "virtio-rng-leak.h"

/* What differs between QEMU 7.2 and 10.0 */
#if QEMU_VERSION_MAJOR >= 10
#include "system/runstate.h"
#define leak_cancel_entropy(rng) /* the stock device does it */
#else
#include "sysemu/runstate.h"

/* Here the stock device leaves requests behind that would call it after unplug: drop them. */
static void leak_cancel_entropy(VirtIORNG *rng)
{
	RngRequest *req, *next;

	for (req = QSIMPLEQ_FIRST(&rng->rng->requests); req; req = next) {
		next = QSIMPLEQ_NEXT(req, next);
		if (req->opaque != rng)
			continue;
		QSIMPLEQ_REMOVE(&rng->rng->requests, req, RngRequest, next);
		g_free(req->data);
		g_free(req);
	}
}
#endif

static bool leak_offered(VirtIORNGLeak *leak)
{
	return virtio_has_feature(leak->features, VIRTIO_RNG_F_LEAK);
}

/*
 * QEMU calls this with running=true after the run state was set and before the vCPUs are resumed
 * (vm_prepare_start, also for -incoming, -loadvm, loadvm, savevm and a failed migration).
 */
static void leak_vm_state(void *opaque, bool running, RunState state)
{
	VirtIORNGLeak *leak = opaque;

	leak->running = running;
	if (!running) {
		timer_del(leak->delay_timer);
		return;
	}
	if (leak->saved) {
		leak->saved = false;
		leak->pending = MAX(leak->pending, 1);
	}
	/* Buffers that came before the VM was stopped belong to the leaks before it. */
	virtio_rng_leak_arrivals(leak);
	if (leak->delay_ms && leak->pending)
		timer_mod(leak->delay_timer,
			  qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + leak->delay_ms);
	else
		virtio_rng_leak_run_pending(leak);
}

static void leak_set_trigger(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	VirtIORNGLeak *leak = VIRTIO_RNG_LEAK(obj);
	uint32_t count;

	if (!visit_type_uint32(v, name, &count, errp))
		return;
	if (!DEVICE(obj)->realized || !leak_offered(leak)) {
		error_setg(errp, "'%s' works on a plugged device with leak=on", name);
		return;
	}
	if (count < 1 || count > LEAK_TRIGGER_MAX) {
		error_setg(errp, "'%s' is a number of leaks from 1 to %d", name, LEAK_TRIGGER_MAX);
		return;
	}
	if (!leak->running)
		leak->pending = MIN(leak->pending + count, LEAK_WAITING_MAX);
	else
		while (count--)
			virtio_rng_leak_now(leak);
}

/* What a malformed request does, without one. */
static void leak_set_broken(Object *obj, bool value, Error **errp)
{
	if (!DEVICE(obj)->realized || !value)
		error_setg(errp,
			   "a plugged device can be broken; its driver mends it with a reset");
	else
		virtio_error(VIRTIO_DEVICE(obj), "virtio-rng-leak: broken on purpose");
}

static bool leak_get_broken(Object *obj, Error **errp)
{
	return VIRTIO_DEVICE(obj)->broken;
}

static int leak_pre_save(void *opaque)
{
	VirtIORNGLeak *leak = opaque;

	leak->saved = leak->leak_on_save;
	return 0;
}

static int leak_post_load(void *opaque, int version_id)
{
	VirtIORNGLeak *leak = opaque;

	/* The image is input. */
	if (leak->active < 1 || leak->active > 2 || leak->latched > LEAK_WAITING_MAX ||
	    leak->pending > LEAK_WAITING_MAX) {
		error_report("virtio-rng-leak: impossible state in the image: queue %u, %u and %u",
			     leak->active, leak->latched, leak->pending);
		return -EINVAL;
	}
	leak->saved = false;
	/* Not one more if one is pending: loads coalesce until the VM has run. */
	if (leak->leak_on_load)
		leak->pending = MAX(leak->pending, 1);
	return 0;
}

static const VMStateField vmstate_fields[] = {
	VMSTATE_VIRTIO_DEVICE,
	VMSTATE_UINT8(active, VirtIORNGLeak),
	VMSTATE_BOOL(signalled, VirtIORNGLeak),
	VMSTATE_UINT32(latched, VirtIORNGLeak),
	VMSTATE_UINT32(pending, VirtIORNGLeak),
	VMSTATE_END_OF_LIST(),
};

static const VMStateDescription vmstate_virtio_rng_leak = {
	.name = "virtio-rng-leak",
	.version_id = 1,
	.minimum_version_id = 1,
	.pre_save = leak_pre_save,
	.post_load = leak_post_load,
	.fields = vmstate_fields,
};

static VirtioDeviceClass *leak_stock_class(void)
{
	return VIRTIO_DEVICE_CLASS(object_class_by_name(TYPE_VIRTIO_RNG));
}

static uint64_t leak_get_features(VirtIODevice *vdev, uint64_t features, Error **errp)
{
	VirtIORNGLeak *leak = VIRTIO_RNG_LEAK(vdev);

	return leak_offered(leak) ? features | leak->features : features;
}

static int leak_validate_features(VirtIODevice *vdev)
{
	bool leak = virtio_vdev_has_feature(vdev, VIRTIO_RNG_F_LEAK);
	bool latch = virtio_vdev_has_feature(vdev, VIRTIO_RNG_F_LEAK_LATCH);
	uint16_t size = VIRTIO_RNG_LEAK(vdev)->queue_size;

	/* Set here: each reset, and virtio_add_queue() of Debian's QEMU, set another value. */
	for (int queue = 1; leak && size && queue <= 2; queue++)
		virtio_queue_set_num(vdev, queue, size);
	return latch && !leak ? -EINVAL : 0;
}

static void leak_reset(VirtIODevice *vdev)
{
	VirtIORNGLeak *leak = VIRTIO_RNG_LEAK(vdev);

	leak->active = 1;
	leak->signalled = false;
	leak->latched = 0;
}

static void leak_realize(DeviceState *dev, Error **errp)
{
	ERRP_GUARD();
	VirtIODevice *vdev = VIRTIO_DEVICE(dev);
	VirtIORNGLeak *leak = VIRTIO_RNG_LEAK(dev);

	if (leak->queue_size > LEAK_QUEUE_SIZE || (leak->queue_size & (leak->queue_size - 1))) {
		error_setg(errp, "'leak-queue-size' is 0 or a power of 2 up to %d",
			   LEAK_QUEUE_SIZE);
		return;
	}
	leak_stock_class()->realize(dev, errp);
	if (*errp)
		return;

	if (leak_offered(leak)) {
		leak->vq[1] =
			virtio_add_queue(vdev, LEAK_QUEUE_SIZE, virtio_rng_leak_handle_output);
		leak->vq[2] =
			virtio_add_queue(vdev, LEAK_QUEUE_SIZE, virtio_rng_leak_handle_output);
	}
	leak_reset(vdev);
	leak->running = runstate_is_running();
	leak->again = qemu_bh_new(virtio_rng_leak_arrivals, leak);
	leak->delay_timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, virtio_rng_leak_run_pending, leak);
	leak->vm_state = qemu_add_vm_change_state_handler(leak_vm_state, leak);
}

static void leak_unrealize(DeviceState *dev)
{
	VirtIORNGLeak *leak = VIRTIO_RNG_LEAK(dev);

	qemu_del_vm_change_state_handler(leak->vm_state);
	timer_free(leak->delay_timer);
	qemu_bh_delete(leak->again);
	if (leak->vq[1]) {
		virtio_del_queue(VIRTIO_DEVICE(dev), 2);
		virtio_del_queue(VIRTIO_DEVICE(dev), 1);
	}
	leak_cancel_entropy(&leak->parent_obj);
	leak_stock_class()->unrealize(dev);
}

static void leak_instance_init(Object *obj)
{
	VirtIORNGLeak *leak = VIRTIO_RNG_LEAK(obj);

	object_property_add(obj, "trigger-leak", "uint32", NULL, leak_set_trigger, NULL, NULL);
	object_property_add_bool(obj, "broken", leak_get_broken, leak_set_broken);
	object_property_add_uint64_ptr(obj, "leaks", &leak->leaks, OBJ_PROP_FLAG_READ);
	object_property_add_uint64_ptr(obj, "executed", &leak->executed, OBJ_PROP_FLAG_READ);
	object_property_add_uint64_ptr(obj, "requests", &leak->requests, OBJ_PROP_FLAG_READ);
	object_property_add_uint32_ptr(obj, "latched", &leak->latched, OBJ_PROP_FLAG_READ);
	object_property_add_uint32_ptr(obj, "pending", &leak->pending, OBJ_PROP_FLAG_READ);
	object_property_add_uint32_ptr(obj, "leak-on-arrival", &leak->on_arrival,
				       OBJ_PROP_FLAG_READWRITE);
	object_property_add_uint8_ptr(obj, "active-queue", &leak->active, OBJ_PROP_FLAG_READ);
}

static const Property virtio_rng_leak_properties[] = {
	DEFINE_PROP_BIT64("leak", VirtIORNGLeak, features, VIRTIO_RNG_F_LEAK, true),
	DEFINE_PROP_BIT64("latch", VirtIORNGLeak, features, VIRTIO_RNG_F_LEAK_LATCH, true),
	DEFINE_PROP_BOOL("leak-on-load", VirtIORNGLeak, leak_on_load, true),
	DEFINE_PROP_BOOL("leak-on-save", VirtIORNGLeak, leak_on_save, true),
	DEFINE_PROP_UINT32("leak-delay-ms", VirtIORNGLeak, delay_ms, 0),
	DEFINE_PROP_UINT16("leak-queue-size", VirtIORNGLeak, queue_size, 0),
	LEAK_PROPERTIES_END
};

static void leak_class_init(ObjectClass *klass, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);
	VirtioDeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

	leak_set_props(dc, virtio_rng_leak_properties);
	dc->vmsd = &vmstate_virtio_rng_leak;
	vdc->realize = leak_realize;
	vdc->unrealize = leak_unrealize;
	vdc->reset = leak_reset;
	vdc->get_features = leak_get_features;
	vdc->validate_features = leak_validate_features;
}

static const TypeInfo virtio_rng_leak_info = {
	.name = TYPE_VIRTIO_RNG_LEAK,
	.parent = TYPE_VIRTIO_RNG,
	.instance_size = sizeof(VirtIORNGLeak),
	.instance_init = leak_instance_init,
	.class_init = leak_class_init,
};

static void virtio_rng_leak_register_types(void)
{
	type_register_static(&virtio_rng_leak_info);
}

type_init(virtio_rng_leak_register_types)

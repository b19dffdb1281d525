// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-rng-leak-pci: a virtio-rng device that tells its guest about entropy leaks
 *
 * The request queue is QEMU's own virtio-rng, which this device extends. Two more queues carry
 * requests that wait until the machine's state has been copied ("leaked"): a snapshot was taken
 * of it, or it was restored from one. Such requests are executed before any vCPU runs again.
 *
 * What guest and device agree on (README.md beside this file has the rules in words):
 *
 *	#define VIRTIO_RNG_F_LEAK	0	// feature bit: leak queues
 *	#define VIRTIO_RNG_F_LEAK_LATCH	1	// feature bit, experimental; needs bit 0
 *	virtqueue 0			request queue
 *	virtqueue 1, 2			leak queues; 1 is active after reset
 *	65536				most bytes that one leak request may fill or copy
 *
 * Locking: everything here runs under the BQL (queue handlers in the main loop, run-state
 * handlers, QMP). Guest vCPUs run at the same time and may look at guest memory at any moment,
 * but not at the device's registers: reading device_status waits until a leak was executed.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qemu/iov.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "crypto/random.h"
#include "exec/memory.h"
#include "hw/qdev-properties.h"
#include "hw/virtio/virtio-pci.h"
#include "hw/virtio/virtio-rng.h"
#include "migration/vmstate.h"

/* Everything that differs between QEMU 7.2 and 10.0 */
#if QEMU_VERSION_MAJOR >= 10
#include "system/runstate.h"
#define LEAK_PROPERTIES_END
#define leak_set_props(dc, props) device_class_set_props(dc, props)
#define leak_cancel_entropy(rng) /* the stock device does it */
#else
#include "sysemu/runstate.h"
#define LEAK_PROPERTIES_END DEFINE_PROP_END_OF_LIST(),
#define leak_set_props(dc, props) device_class_set_props(dc, (Property *)(props))

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

#define VIRTIO_RNG_F_LEAK 0
#define VIRTIO_RNG_F_LEAK_LATCH 1

#define LEAK_QUEUE_SIZE 128    /* descriptors a leak queue; indirect ones do not count */
#define LEAK_REQUEST_MAX 65536 /* bytes one request may fill or copy */
#define LEAK_TRIGGER_MAX 1024  /* leaks one write to trigger-leak may cause */
#define LEAK_WAITING_MAX 65535 /* leaks that may wait; more coalesce with the last */

#define TYPE_VIRTIO_RNG_LEAK "virtio-rng-leak-device"
OBJECT_DECLARE_SIMPLE_TYPE(VirtIORNGLeak, VIRTIO_RNG_LEAK)

struct VirtIORNGLeak {
	VirtIORNG parent_obj;

	VirtQueue *vq[3];  /* 1 and 2: the leak queues */
	uint64_t features; /* offered: properties leak and latch */
	bool leak_on_load;
	bool leak_on_save;
	uint32_t delay_ms;
	uint16_t queue_size; /* for tests: descriptors a leak queue, 0: as many as usual */

	/* The guest's view: migrated, reset with the device. */
	uint8_t active;	  /* the queue that the next leak uses, 1 or 2 */
	bool signalled;	  /* without latch: the other queue's buffers are executed on arrival */
	uint32_t latched; /* with latch: leaks that wait for a buffer */

	uint32_t pending; /* leaks to execute before the vCPUs run; migrated, survives a reset */

	/* This process only. */
	bool saved;   /* the state was saved: a leak, should this VM run on */
	bool running; /* as told to the run-state handlers; if not, guest memory is left alone */
	QEMUTimer *delay_timer;
	QEMUBH *again;
	VMChangeStateEntry *vm_state;

	uint32_t on_arrival; /* for tests: leaks that happen when the driver tells of buffers */

	/* For observers: never reset, not migrated. */
	uint64_t leaks;	   /* leaks that happened */
	uint64_t executed; /* leaks that executed at least one request */
	uint64_t requests; /* requests executed */
};

/*
 * An aligned word is read by one 32-bit load and written by one 32-bit store: a torn copy could
 * recreate a value that was used before. Release: words appear in the order of the request.
 */
static void leak_copy_bytes(uint8_t *dst, const uint8_t *src, size_t len)
{
	while (len) {
		size_t n = 1;

		if (len >= 4 && !(((uintptr_t)dst | (uintptr_t)src) & 3)) {
			n = 4;
			qatomic_store_release((uint32_t *)dst, qatomic_read((uint32_t *)src));
		} else {
			*dst = *src;
		}
		dst += n;
		src += n;
		len -= n;
	}
}

/* Copies all device-readable segments to the device-writable ones; same total length. */
static void leak_copy(VirtQueueElement *elem)
{
	unsigned int s = 0, d = 0;
	size_t soff = 0, doff = 0;

	while (d < elem->in_num) {
		const struct iovec *src = &elem->out_sg[s], *dst = &elem->in_sg[d];
		size_t n = MIN(src->iov_len - soff, dst->iov_len - doff);

		leak_copy_bytes(dst->iov_base + doff, src->iov_base + soff, n);
		soff += n;
		doff += n;
		if (soff == src->iov_len) {
			s++;
			soff = 0;
		}
		if (doff == dst->iov_len) {
			d++;
			doff = 0;
		}
	}
}

/* From a synchronous source: an rng backend would answer when the vCPUs run again. */
static bool leak_fill(VirtQueueElement *elem)
{
	for (unsigned int i = 0; i < elem->in_num; i++) {
		Error *err = NULL;

		if (qcrypto_random_bytes(elem->in_sg[i].iov_base, elem->in_sg[i].iov_len, &err)) {
			error_report_err(err);
			return false;
		}
	}
	return true;
}

/*
 * What is not RAM was mapped through a bounce buffer. Writing that back would be DMA to a device,
 * this one perhaps, in the middle of its own work.
 */
static bool leak_in_ram(const struct iovec *sg, unsigned int num)
{
	ram_addr_t offset;

	RCU_READ_LOCK_GUARD();
	for (unsigned int i = 0; i < num; i++) {
		if (!memory_region_from_host(sg[i].iov_base, &offset))
			return false;
	}
	return true;
}

/* Returns what is wrong with a request, NULL if it is a proper one. */
static const char *leak_check_request(VirtQueueElement *elem)
{
	size_t out = iov_size(elem->out_sg, elem->out_num);
	size_t in = iov_size(elem->in_sg, elem->in_num);

	if (out && out != in)
		return "source and destination differ in length";
	if (in > LEAK_REQUEST_MAX)
		return "request is too long";
	if (!leak_in_ram(elem->out_sg, elem->out_num) || !leak_in_ram(elem->in_sg, elem->in_num))
		return "address outside RAM";
	return NULL;
}

/* On failure the device needs a reset and nothing of the request was written, or not all. */
static bool leak_execute(VirtIORNGLeak *leak, VirtQueue *vq, VirtQueueElement *elem)
{
	VirtIODevice *vdev = VIRTIO_DEVICE(leak);
	const char *wrong = leak_check_request(elem);

	if (!wrong) {
		if (elem->out_num)
			leak_copy(elem);
		else if (!leak_fill(elem))
			wrong = "the host has no random bytes";
	}
	if (wrong) {
		virtio_error(vdev, "virtio-rng-leak: queue %d: %s", virtio_get_queue_index(vq),
			     wrong);
		virtqueue_detach_element(vq, elem, 0);
		return false;
	}
	/* The length also marks the destination dirty for migration and translated code. */
	virtqueue_push(vq, elem, iov_size(elem->in_sg, elem->in_num));
	leak->requests++;
	return true;
}

static bool leak_offered(VirtIORNGLeak *leak)
{
	return virtio_has_feature(leak->features, VIRTIO_RNG_F_LEAK);
}

static bool leak_ready(VirtIORNGLeak *leak)
{
	VirtIODevice *vdev = VIRTIO_DEVICE(leak);

	return virtio_vdev_has_feature(vdev, VIRTIO_RNG_F_LEAK) &&
	       (vdev->status & VIRTIO_CONFIG_S_DRIVER_OK);
}

static bool leak_latches(VirtIORNGLeak *leak)
{
	return virtio_vdev_has_feature(VIRTIO_DEVICE(leak), VIRTIO_RNG_F_LEAK_LATCH);
}

/*
 * Executes and returns the buffers of one queue; true if there were any. The ring's size bounds
 * it: a guest that adds buffers as fast as they are returned must not hold the main loop.
 */
static bool leak_run_queue(VirtIORNGLeak *leak, uint8_t index)
{
	VirtIODevice *vdev = VIRTIO_DEVICE(leak);
	VirtQueue *vq = leak->vq[index];
	int room = virtio_queue_get_num(vdev, index);
	bool any = false;

	while (room-- > 0) {
		g_autofree VirtQueueElement *elem = virtqueue_pop(vq, sizeof(*elem));

		if (!elem || !leak_execute(leak, vq, elem))
			break;
		any = true;
	}
	if (any)
		virtio_notify(vdev, vq);
	return any;
}

static void leak_switch_queue(VirtIORNGLeak *leak)
{
	leak->active = 3 - leak->active;
}

/* With latch: a leak that waited has got a buffer. */
static bool leak_run_latched(VirtIORNGLeak *leak)
{
	if (!leak->latched || !leak_run_queue(leak, leak->active))
		return false;
	leak->latched--;
	leak->executed++;
	leak_switch_queue(leak);
	return true;
}

/*
 * Buffers have arrived: execute those that must not wait for the next leak. Each queue gets one
 * turn; what a running guest adds meanwhile is left to a bottom half, so that this comes to an end.
 */
static void leak_arrivals(void *opaque)
{
	VirtIORNGLeak *leak = opaque;
	bool more;

	if (!leak->running || !leak_ready(leak))
		return;
	if (leak_latches(leak)) {
		more = leak_run_latched(leak) && leak_run_latched(leak) && leak->latched &&
		       !virtio_queue_empty(leak->vq[leak->active]);
	} else {
		uint8_t other = 3 - leak->active;

		more = leak->signalled && leak_run_queue(leak, other) &&
		       !virtio_queue_empty(leak->vq[other]);
	}
	if (more)
		qemu_bh_schedule(leak->again);
}

/* One leak, now. */
static void leak_now(VirtIORNGLeak *leak)
{
	bool ready = leak_ready(leak);
	bool any = ready && leak_run_queue(leak, leak->active);

	leak->leaks++;
	leak->executed += any;
	if (leak_latches(leak)) {
		/* Also before DRIVER_OK: the driver learns of it with its first buffer. */
		if (any)
			leak_switch_queue(leak);
		else if (leak->latched < LEAK_WAITING_MAX)
			leak->latched++;
	} else if (ready) {
		leak_switch_queue(leak);
		leak->signalled = true;
	}
}

static void leak_handle_output(VirtIODevice *vdev, VirtQueue *vq)
{
	VirtIORNGLeak *leak = VIRTIO_RNG_LEAK(vdev);

	if (leak->running && leak->on_arrival) {
		leak->on_arrival--;
		leak_now(leak);
	}
	leak_arrivals(leak);
}

static void leak_run_pending(void *opaque)
{
	VirtIORNGLeak *leak = opaque;

	for (; leak->pending; leak->pending--)
		leak_now(leak);
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
	leak_arrivals(leak);
	if (leak->delay_ms && leak->pending)
		timer_mod(leak->delay_timer,
			  qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + leak->delay_ms);
	else
		leak_run_pending(leak);
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
			leak_now(leak);
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
		leak->vq[1] = virtio_add_queue(vdev, LEAK_QUEUE_SIZE, leak_handle_output);
		leak->vq[2] = virtio_add_queue(vdev, LEAK_QUEUE_SIZE, leak_handle_output);
	}
	leak_reset(vdev);
	leak->running = runstate_is_running();
	leak->again = qemu_bh_new(leak_arrivals, leak);
	leak->delay_timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, leak_run_pending, leak);
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

#define TYPE_VIRTIO_RNG_LEAK_PCI "virtio-rng-leak-pci-base"
OBJECT_DECLARE_SIMPLE_TYPE(VirtIORNGLeakPCI, VIRTIO_RNG_LEAK_PCI)

struct VirtIORNGLeakPCI {
	VirtIOPCIProxy parent_obj;
	VirtIORNGLeak vdev;
};

static void leak_pci_realize(VirtIOPCIProxy *proxy, Error **errp)
{
	VirtIORNGLeakPCI *pci = VIRTIO_RNG_LEAK_PCI(proxy);

	if (proxy->nvectors == DEV_NVECTORS_UNSPECIFIED)
		proxy->nvectors = 4; /* three queues and the configuration change */
	qdev_realize(DEVICE(&pci->vdev), BUS(&proxy->bus), errp);
}

static void leak_pci_instance_init(Object *obj)
{
	/* What qdev does not alias by itself: properties of the object, not of its class. */
	static const char *const aliases[] = { "trigger-leak", "leaks",	  "executed",
					       "requests",     "latched", "pending",
					       "active-queue", "broken",  "leak-on-arrival" };
	VirtIORNGLeakPCI *pci = VIRTIO_RNG_LEAK_PCI(obj);

	virtio_instance_init_common(obj, &pci->vdev, sizeof(pci->vdev), TYPE_VIRTIO_RNG_LEAK);
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		object_property_add_alias(obj, aliases[i], OBJECT(&pci->vdev), aliases[i]);
}

static const Property leak_pci_properties[] = {
	DEFINE_PROP_BIT("ioeventfd", VirtIOPCIProxy, flags, VIRTIO_PCI_FLAG_USE_IOEVENTFD_BIT,
			true),
	DEFINE_PROP_UINT32("vectors", VirtIOPCIProxy, nvectors, DEV_NVECTORS_UNSPECIFIED),
	LEAK_PROPERTIES_END
};

static void leak_pci_class_init(ObjectClass *klass, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);
	PCIDeviceClass *pdc = PCI_DEVICE_CLASS(klass);

	VIRTIO_PCI_CLASS(klass)->realize = leak_pci_realize;
	set_bit(DEVICE_CATEGORY_MISC, dc->categories);
	leak_set_props(dc, leak_pci_properties);
	dc->desc = "virtio-rng with entropy leak reporting";
	pdc->vendor_id = PCI_VENDOR_ID_REDHAT_QUMRANET;
	pdc->device_id = PCI_DEVICE_ID_VIRTIO_RNG;
	pdc->revision = VIRTIO_PCI_ABI_VERSION;
	pdc->class_id = PCI_CLASS_OTHERS;
}

static const VirtioPCIDeviceTypeInfo virtio_rng_leak_pci_info = {
	.base_name = TYPE_VIRTIO_RNG_LEAK_PCI,
	.generic_name = "virtio-rng-leak-pci",
	.instance_size = sizeof(VirtIORNGLeakPCI),
	.instance_init = leak_pci_instance_init,
	.class_init = leak_pci_class_init,
};

static void virtio_rng_leak_register_types(void)
{
	type_register_static(&virtio_rng_leak_info);
	virtio_pci_types_register(&virtio_rng_leak_pci_info);
}

type_init(virtio_rng_leak_register_types)

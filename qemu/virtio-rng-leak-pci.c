// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-rng-leak-pci: the device on the PCI bus
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "hw/qdev-properties.h"
#include "hw/virtio/virtio-pci.h"
#include "virtio-rng-leak.h"

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

static void virtio_rng_leak_pci_register_types(void)
{
	virtio_pci_types_register(&virtio_rng_leak_pci_info);
}

type_init(virtio_rng_leak_pci_register_types)

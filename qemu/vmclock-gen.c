// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmclock-gen: a VMClock page with a generation counter, for tests
 *
 * QEMU's own "vmclock" device has no generation counter. This one has no clock: its page consists
 * of the header, the disruption marker and vm_generation_counter. The counter moves before any vCPU
 * runs again after a restore, and the guest gets an ACPI notification.
 *
 * The layout is that of Linux' include/uapi/linux/vmclock-abi.h; README.md beside this file has the
 * fields that are used. The ACPI device that tells the guest about the page is vmclock-gen.asl.
 *
 * Locking: everything here runs under the BQL. vCPUs read the page at any moment, so each change is
 * a seqlock's: seq_count is odd while the fields change.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/atomic.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/acpi/acpi_dev_interface.h"
#include "hw/i386/e820_memory_layout.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/runstate.h"

#define VMCLOCK_GEN_ADDRESS 0xfeffa000 /* below QEMU's own vmclock; vmclock-gen.asl has it, too */
#define VMCLOCK_GEN_SIZE 4096
#define VMCLOCK_GEN_MAGIC 0x4b4c4356
#define VMCLOCK_GEN_GPE 128 /* bit 7 of the general purpose events: method _E07 */

#define VMCLOCK_GEN_COUNTER_PRESENT (1u << 8)
#define VMCLOCK_GEN_NOTIFIES (1u << 9)

/* Offsets in the page. All fields are little-endian. */
enum {
	AT_MAGIC = 0x00,
	AT_SIZE = 0x04,
	AT_VERSION = 0x08,
	AT_COUNTER_ID = 0x0a,
	AT_SEQ_COUNT = 0x0c,
	AT_DISRUPTION = 0x10,
	AT_FLAGS = 0x18,
	AT_GENERATION = 0x68,
};

#define TYPE_VMCLOCK_GEN "vmclock-gen"
OBJECT_DECLARE_SIMPLE_TYPE(VMClockGen, VMCLOCK_GEN)

struct VMClockGen {
	DeviceState parent_obj;

	MemoryRegion page;
	uint8_t *at;
	bool on_load; /* a load is a new generation */
	bool notify;
	uint32_t delay_ms;
	uint32_t magic, size, flags; /* for tests: what the page says */

	bool pending; /* a new generation before the vCPUs run */
	bool frozen;  /* for tests: seq_count stays odd */
	QEMUTimer *delay_timer;
	VMChangeStateEntry *vm_state;
};

static uint64_t vmclock_gen_number(VMClockGen *clock)
{
	return ldq_le_p(clock->at + AT_GENERATION);
}

static void vmclock_gen_write_seq(VMClockGen *clock, uint32_t seq)
{
	qatomic_set((uint32_t *)(clock->at + AT_SEQ_COUNT), cpu_to_le32(seq));
}

static void vmclock_gen_store(VMClockGen *clock, uint64_t number)
{
	uint32_t seq = ldl_le_p(clock->at + AT_SEQ_COUNT) | 1;

	vmclock_gen_write_seq(clock, seq);
	smp_wmb();
	qatomic_set((uint64_t *)(clock->at + AT_DISRUPTION),
		    cpu_to_le64(ldq_le_p(clock->at + AT_DISRUPTION) + 1));
	qatomic_set((uint64_t *)(clock->at + AT_GENERATION), cpu_to_le64(number));
	smp_wmb();
	if (!clock->frozen)
		vmclock_gen_write_seq(clock, seq + 1);
}

static void vmclock_gen_tell(VMClockGen *clock)
{
	Object *acpi = object_resolve_path_type("", TYPE_ACPI_DEVICE_IF, NULL);

	if (clock->notify && acpi)
		acpi_send_event(DEVICE(acpi), VMCLOCK_GEN_GPE);
}

static void vmclock_gen_move(void *opaque)
{
	VMClockGen *clock = opaque;

	clock->pending = false;
	vmclock_gen_store(clock, vmclock_gen_number(clock) + 1);
	vmclock_gen_tell(clock);
}

/* Called before the vCPUs are resumed. */
static void vmclock_gen_vm_state(void *opaque, bool running, RunState state)
{
	VMClockGen *clock = opaque;

	if (!running || !clock->pending)
		return;
	if (clock->delay_ms)
		timer_mod(clock->delay_timer,
			  qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + clock->delay_ms);
	else
		vmclock_gen_move(clock);
}

static int vmclock_gen_post_load(void *opaque, int version_id)
{
	VMClockGen *clock = opaque;

	/* Loads coalesce until the VM has run. */
	clock->pending = clock->pending || clock->on_load;
	return 0;
}

static const VMStateField vmclock_gen_fields[] = {
	VMSTATE_BOOL(pending, VMClockGen),
	VMSTATE_END_OF_LIST(),
};

static const VMStateDescription vmstate_vmclock_gen = {
	.name = TYPE_VMCLOCK_GEN,
	.version_id = 1,
	.minimum_version_id = 1,
	.post_load = vmclock_gen_post_load,
	.fields = vmclock_gen_fields,
};

static void vmclock_gen_get_number(Object *obj, Visitor *v, const char *name, void *opaque,
				   Error **errp)
{
	uint64_t number = vmclock_gen_number(VMCLOCK_GEN(obj));

	visit_type_uint64(v, name, &number, errp);
}

/* For tests: any number, also one below, at once. */
static void vmclock_gen_set_number(Object *obj, Visitor *v, const char *name, void *opaque,
				   Error **errp)
{
	VMClockGen *clock = VMCLOCK_GEN(obj);
	uint64_t number;

	if (!visit_type_uint64(v, name, &number, errp))
		return;
	vmclock_gen_store(clock, number);
	vmclock_gen_tell(clock);
}

static bool vmclock_gen_get_frozen(Object *obj, Error **errp)
{
	return VMCLOCK_GEN(obj)->frozen;
}

/* For tests: a hypervisor that dies while it changes the page. */
static void vmclock_gen_set_frozen(Object *obj, bool value, Error **errp)
{
	VMClockGen *clock = VMCLOCK_GEN(obj);
	uint32_t seq = ldl_le_p(clock->at + AT_SEQ_COUNT);

	clock->frozen = value;
	vmclock_gen_write_seq(clock, value ? seq | 1 : (seq + 1) & ~1u);
}

static void vmclock_gen_fill_page(VMClockGen *clock)
{
	uint32_t flags = VMCLOCK_GEN_COUNTER_PRESENT | (clock->notify ? VMCLOCK_GEN_NOTIFIES : 0);

	memset(clock->at, 0, VMCLOCK_GEN_SIZE);
	stl_le_p(clock->at + AT_MAGIC, clock->magic);
	stl_le_p(clock->at + AT_SIZE, clock->size);
	stw_le_p(clock->at + AT_VERSION, 1);
	stb_p(clock->at + AT_COUNTER_ID, 0xff); /* no clock */
	stq_le_p(clock->at + AT_FLAGS, clock->flags == UINT32_MAX ? flags : clock->flags);
	stq_le_p(clock->at + AT_GENERATION, 1);
}

static void vmclock_gen_realize(DeviceState *dev, Error **errp)
{
	VMClockGen *clock = VMCLOCK_GEN(dev);

	if (object_resolve_path_type("", TYPE_VMCLOCK_GEN, NULL) != OBJECT(dev)) {
		error_setg(errp, "a machine has one " TYPE_VMCLOCK_GEN " at most");
		return;
	}
	if (!memory_region_init_ram(&clock->page, OBJECT(dev), "vmclock-gen", VMCLOCK_GEN_SIZE,
				    errp))
		return;
	clock->at = memory_region_get_ram_ptr(&clock->page);
	vmclock_gen_fill_page(clock);
	e820_add_entry(VMCLOCK_GEN_ADDRESS, VMCLOCK_GEN_SIZE, E820_RESERVED);
	memory_region_add_subregion_overlap(get_system_memory(), VMCLOCK_GEN_ADDRESS, &clock->page,
					    0);
	clock->delay_timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, vmclock_gen_move, clock);
	clock->vm_state = qemu_add_vm_change_state_handler(vmclock_gen_vm_state, clock);
}

static void vmclock_gen_instance_init(Object *obj)
{
	object_property_add(obj, "generation", "uint64", vmclock_gen_get_number,
			    vmclock_gen_set_number, NULL, NULL);
	object_property_add_bool(obj, "frozen", vmclock_gen_get_frozen, vmclock_gen_set_frozen);
}

static const Property vmclock_gen_properties[] = {
	DEFINE_PROP_BOOL("on-load", VMClockGen, on_load, true),
	DEFINE_PROP_BOOL("notify", VMClockGen, notify, true),
	DEFINE_PROP_UINT32("delay-ms", VMClockGen, delay_ms, 0),
	DEFINE_PROP_UINT32("magic", VMClockGen, magic, VMCLOCK_GEN_MAGIC),
	DEFINE_PROP_UINT32("size", VMClockGen, size, VMCLOCK_GEN_SIZE),
	DEFINE_PROP_UINT32("flags", VMClockGen, flags, UINT32_MAX),
};

static void vmclock_gen_class_init(ObjectClass *klass, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);

	device_class_set_props(dc, vmclock_gen_properties);
	dc->realize = vmclock_gen_realize;
	dc->vmsd = &vmstate_vmclock_gen;
	dc->hotpluggable = false;
	dc->desc = "VMClock page with a generation counter, for tests";
	set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo vmclock_gen_info = {
	.name = TYPE_VMCLOCK_GEN,
	.parent = TYPE_DEVICE,
	.instance_size = sizeof(VMClockGen),
	.instance_init = vmclock_gen_instance_init,
	.class_init = vmclock_gen_class_init,
};

static void vmclock_gen_register_types(void)
{
	type_register_static(&vmclock_gen_info);
}

type_init(vmclock_gen_register_types)

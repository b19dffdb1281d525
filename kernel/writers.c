// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that store the generation word by themselves. docs/protocol.md has the steps and why
 * they have this order; tests/model proves them.
 */
#include <linux/export.h>
#include <linux/mm.h>

#include "counter.h"
#include "device.h"
#include "notify.h"
#include "reseed.h"
#include "sysgenid_writer.h"
#include "writers.h"

/* Give an armed source a number that nobody has seen and nobody else will publish. */
static void write_source(struct sysgenid_counter *counter, struct sysgenid_slot *slot)
{
	lockdep_assert_held(&counter->lock);
	slot->ticket = sysgenid_counter_draw(counter, 0);
	/* One store: the device may load the word at this moment. */
	WRITE_ONCE(*slot->source, (u32)slot->ticket);
}

void sysgenid_slots_rewrite(struct sysgenid_counter *counter)
{
	struct sysgenid_slot *slot;

	list_for_each_entry (slot, &counter->slots, node)
		write_source(counter, slot);
}

void sysgenid_writers_fence(struct sysgenid_counter *counter)
{
	struct sysgenid_writer *writer;

	lockdep_assert_held(&counter->events);
	mb(); /* the rewritten sources before the fence, as seen by the device */
	list_for_each_entry (writer, &counter->writers, node)
		writer->fence(writer);
}

void sysgenid_slot_arm(struct sysgenid_writer *writer, struct sysgenid_slot *slot)
{
	struct sysgenid_counter *counter = writer->counter;
	unsigned long flags;

	spin_lock_irqsave(&counter->lock, flags);
	write_source(counter, slot);
	list_add_tail(&slot->node, &counter->slots);
	spin_unlock_irqrestore(&counter->lock, flags);
}
EXPORT_SYMBOL_GPL(sysgenid_slot_arm);

void sysgenid_slot_executed(struct sysgenid_writer *writer, struct sysgenid_slot *slot)
{
	struct sysgenid_counter *counter = writer->counter;
	unsigned long flags;

	spin_lock_irqsave(&counter->lock, flags);
	/*
	 * What was published is this ticket or, if an event has rewritten the source just after the
	 * device had loaded it, an older one. Then the word is below top and settle() moves it up.
	 */
	counter->top = max(counter->top, slot->ticket);
	list_del_init(&slot->node);
	spin_unlock_irqrestore(&counter->lock, flags);
}
EXPORT_SYMBOL_GPL(sysgenid_slot_executed);

/*
 * Sleepers are woken there and not by the interrupt: how many there are is up to users, and an
 * unprivileged one may have registered very many.
 */
static void queue_settle(struct sysgenid_counter *counter)
{
	queue_work(system_highpri_wq, &counter->settle);
}

void sysgenid_writer_event(struct sysgenid_writer *writer)
{
	struct sysgenid_counter *counter = writer->counter;
	unsigned long flags;

	spin_lock_irqsave(&counter->lock, flags);
	counter->event_needed = true;
	spin_unlock_irqrestore(&counter->lock, flags);
	queue_settle(counter);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_event);

void sysgenid_writer_report(struct sysgenid_writer *writer)
{
	if (writer->needs_event)
		sysgenid_writer_event(writer);
	else
		queue_settle(writer->counter);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_report);

/* The rest of a device's event. */
static void settle(struct work_struct *work)
{
	struct sysgenid_counter *counter = container_of(work, struct sysgenid_counter, settle);
	sysgenid_ticket now;
	bool event;

	/* Not under @events: whoever holds it may be long about it. */
	sysgenid_counter_wake(counter);
	mutex_lock(&counter->events);
	spin_lock_irq(&counter->lock);
	now = sysgenid_counter_current(counter);
	/* Above the highest: a number that was never drawn, from a device that is out of its mind. */
	event = counter->event_needed || now < counter->top || now > counter->highest;
	counter->event_needed = false;
	counter->last_cause = SYSGENID_CAUSE_VIRTIO_LEAK;
	spin_unlock_irq(&counter->lock);

	if (event) {
		sysgenid_counter_bump_held(counter, 0, SYSGENID_CAUSE_VIRTIO_LEAK);
	} else {
		sysgenid_notify((u32)now, SYSGENID_CAUSE_VIRTIO_LEAK);
		sysgenid_reseed_start(counter);
	}
	mutex_unlock(&counter->events);
}

/* For the reseed: whatever devices have given so far is taken in. Not under @events. */
void sysgenid_writers_harvest(struct sysgenid_counter *counter)
{
	struct sysgenid_writer *writer;

	mutex_lock(&counter->events);
	list_for_each_entry (writer, &counter->writers, node) {
		writer->fence(writer);
		if (writer->harvest(writer))
			sysgenid_writer_report(writer);
	}
	mutex_unlock(&counter->events);
}

void sysgenid_writer_attach(struct sysgenid_writer *writer)
{
	struct sysgenid_counter *counter = &sysgenid_system;

	writer->counter = counter;
	mutex_lock(&counter->events);
	list_add_tail(&writer->node, &counter->writers);
	mutex_unlock(&counter->events);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_attach);

void sysgenid_writer_detach(struct sysgenid_writer *writer, struct sysgenid_slot *slots[],
			    unsigned int count)
{
	struct sysgenid_counter *counter = writer->counter;
	unsigned int i;

	mutex_lock(&counter->events);
	list_del(&writer->node);
	spin_lock_irq(&counter->lock);
	for (i = 0; i < count; i++)
		list_del_init(&slots[i]->node);
	spin_unlock_irq(&counter->lock);
	/* The report of a last leak may have been lost, with somebody asleep on the old value. */
	sysgenid_counter_bump_held(counter, 0, SYSGENID_CAUSE_KERNEL);
	mutex_unlock(&counter->events);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_detach);

void sysgenid_writers_init(struct sysgenid_counter *counter)
{
	INIT_LIST_HEAD(&counter->writers);
	INIT_LIST_HEAD(&counter->slots);
	INIT_WORK(&counter->settle, settle);
}

/* Drivers that use the functions above pin this module, so there are no writers any more. */
void sysgenid_writers_stop(struct sysgenid_counter *counter)
{
	cancel_work_sync(&counter->settle);
}

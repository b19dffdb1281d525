// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that store the generation word by themselves. docs/protocol.md has the steps and why
 * they have this order; tests/model proves them.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>

#include "counter.h"
#include "domain.h"
#include "event.h"
#include "notify.h"
#include "sysgenid_writer.h"
#include "writers.h"

static void settle(struct work_struct *unused);

static DECLARE_WORK(settle_work, settle); /* the rest of a device's event, in process context */

/*
 * Guards the list of writers. Taken after a counter's events mutex, before the drivers' locks. For
 * writing for a moment only, so that those who read do not hold up each other.
 */
static DECLARE_RWSEM(writers_lock);
static LIST_HEAD(writers);

/* Give an armed source a number that nobody has seen and nobody else will publish. */
static void write_source(struct sysgenid_counter *counter, struct sysgenid_slot *slot)
{
	lockdep_assert_held(&counter->lock);
	slot->ticket = sysgenid_counter_draw(counter, 0);
	/* One store: the device may load the word at this moment. */
	WRITE_ONCE(*slot->source, (u32)slot->ticket);
}

/* Returns whether there are any. */
bool sysgenid_slots_rewrite(struct sysgenid_counter *counter)
{
	struct sysgenid_slot *slot;

	list_for_each_entry (slot, &counter->slots, node)
		write_source(counter, slot);
	return !list_empty(&counter->slots);
}

void sysgenid_writers_fence(void)
{
	struct sysgenid_writer *writer;

	mb(); /* the rewritten sources before the fence, as seen by the device */
	down_read(&writers_lock);
	list_for_each_entry (writer, &writers, node)
		writer->fence(writer);
	up_read(&writers_lock);
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
static void queue_settle(void)
{
	queue_work(system_highpri_wq, &settle_work);
}

void sysgenid_writer_event(struct sysgenid_writer *writer)
{
	struct sysgenid_counter *counter = writer->counter;
	unsigned long flags;

	spin_lock_irqsave(&counter->lock, flags);
	counter->event_needed = true;
	spin_unlock_irqrestore(&counter->lock, flags);
	queue_settle();
}
EXPORT_SYMBOL_GPL(sysgenid_writer_event);

void sysgenid_writer_report(struct sysgenid_writer *writer)
{
	if (writer->needs_event)
		sysgenid_writer_event(writer);
	else
		queue_settle();
}
EXPORT_SYMBOL_GPL(sysgenid_writer_report);

static void settle(struct work_struct *unused)
{
	struct sysgenid_counter *counter = &sysgenid_system;
	sysgenid_ticket now;
	u32 generation;
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

	generation = (u32)now;
	if (event)
		generation = sysgenid_counter_move(counter, 0, SYSGENID_CAUSE_VIRTIO_LEAK);
	sysgenid_notify(counter, generation, SYSGENID_CAUSE_VIRTIO_LEAK);
	mutex_unlock(&counter->events);
	sysgenid_event_reach_domains(SYSGENID_CAUSE_VIRTIO_LEAK);
}

/* For the reseed: whatever devices have given so far is taken in. */
void sysgenid_writers_harvest(void)
{
	struct sysgenid_writer *writer;

	down_read(&writers_lock);
	list_for_each_entry (writer, &writers, node) {
		writer->fence(writer);
		if (writer->harvest(writer))
			sysgenid_writer_report(writer);
	}
	up_read(&writers_lock);
}

void sysgenid_writer_attach(struct sysgenid_writer *writer)
{
	writer->counter = &sysgenid_system;
	down_write(&writers_lock);
	list_add_tail(&writer->node, &writers);
	up_write(&writers_lock);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_attach);

void sysgenid_writer_detach(struct sysgenid_writer *writer, struct sysgenid_slot *slots[],
			    unsigned int count)
{
	struct sysgenid_counter *counter = writer->counter;
	unsigned int i;

	down_write(&writers_lock);
	list_del(&writer->node);
	up_write(&writers_lock);
	spin_lock_irq(&counter->lock);
	for (i = 0; i < count; i++)
		list_del_init(&slots[i]->node);
	spin_unlock_irq(&counter->lock);
	/* The report of a last leak may have been lost, with somebody asleep on the old value. */
	sysgenid_event(counter, 0, SYSGENID_CAUSE_KERNEL);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_detach);

/* Drivers that use the functions above pin this module, so there are no writers any more. */
void sysgenid_writers_stop(void)
{
	cancel_work_sync(&settle_work);
}

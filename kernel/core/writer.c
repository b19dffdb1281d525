// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that store the generation word by themselves, and CPUs that do. docs/protocol.md says why
 * the steps have this order; tests/model proves them.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "counter.h"
#include "sysgenid_writer.h"
#include "view.h"
#include "writer.h"

static struct work_struct *writer_confirm; /* does what else belongs to a device's event */

/* Whoever walks over the list holds up nobody but a driver that detaches. */
static LIST_HEAD(writer_list);
static DEFINE_MUTEX(writer_lock); /* guards changes of the list */
DEFINE_STATIC_SRCU(writer_srcu);  /* guards walks over it */
static int writer_count;	  /* of them; read without the lock */

#define for_each_writer(writer)                                                                    \
	list_for_each_entry_srcu(writer, &writer_list, node, srcu_read_lock_held(&writer_srcu))

static void slot_write_source(struct sysgenid_counter *counter, struct sysgenid_slot *slot)
{
	lockdep_assert_held(&counter->lock);
	slot->ticket = sysgenid_counter_draw(counter, 0);
	/* One store: the device may load the word at this moment. */
	WRITE_ONCE(*slot->source, (u32)slot->ticket);
}

/* Returns whether there are any. */
static bool slots_rewrite(struct sysgenid_counter *counter)
{
	struct sysgenid_slot *slot;

	list_for_each_entry(slot, &counter->slots, node)
		slot_write_source(counter, slot);
	return !list_empty(&counter->slots);
}

void sysgenid_writers_fence(void)
{
	struct sysgenid_writer *writer;
	int index;

	mb(); /* as seen by the device: the rewritten sources before the fence */
	index = srcu_read_lock(&writer_srcu);
	for_each_writer(writer)
		writer->fence(writer);
	srcu_read_unlock(&writer_srcu, index);
}

/*
 * A resume is no restore: the generation of the last restore stays what it was. @old is what the
 * word was until now; a device may have stored it a moment ago, and that was a restore.
 */
static void counter_note_cause(struct sysgenid_counter *counter, enum sysgenid_cause cause, u32 old,
			       u32 generation)
{
	bool resume = cause == SYSGENID_CAUSE_RESUME;

	lockdep_assert_held(&counter->lock);
	counter->last_cause = cause;
	counter->resumed_from = resume ? sysgenid_counter_restored(counter, old) : 0;
	counter->resumed = resume ? generation : 0;
}

/*
 * Move the word. Caller holds ->events, and must wake sleepers afterwards. Sources that devices may
 * copy from are rewritten with tickets above the new one, and copies of what stood there before
 * have landed (the fence) before the word moves. So whatever a device stores later is above the new
 * ticket, and was never in the word.
 */
u32 sysgenid_counter_move(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause)
{
	u64 vmclock = sysgenid_counter_vmclock();
	sysgenid_ticket ticket;
	bool armed;
	u32 old;

	lockdep_assert_held(&counter->events);
	spin_lock_irq(&counter->lock);
	ticket = sysgenid_counter_draw(counter, sysgenid_counter_wished(counter, min));
	armed = slots_rewrite(counter);
	spin_unlock_irq(&counter->lock);

	/* A slot leaves the list after its store has landed: without slots none is on its way. */
	if (armed)
		sysgenid_writers_fence();

	spin_lock_irq(&counter->lock);
	counter->top = max(counter->top, ticket);
	/*
	 * Release, and more: pairs with the acquire of all readers, in the kernel and in userspace.
	 * Exchange: if a device has stored meanwhile, sysgenid_counter_next() must still notice.
	 */
	old = xchg(&counter->shared->generation, (u32)ticket);
	if (old == counter->looked)
		counter->looked = (u32)ticket;
	counter_note_cause(counter, cause, old, (u32)ticket);
	/* Release: after the generation that was moved for this counter. */
	smp_store_release(&counter->shared->vmclock_counter, vmclock);
	sysgenid_view_update(counter);
	spin_unlock_irq(&counter->lock);
	return (u32)ticket;
}

/*
 * The first generation of a counter that nobody looks at. It may have had another life before: the
 * same steps as in sysgenid_counter_move().
 */
void sysgenid_counter_begin(struct sysgenid_counter *counter, sysgenid_ticket first, u64 vmclock)
{
	size_t i;
	bool armed;

	spin_lock_irq(&counter->lock);
	counter->highest = first;
	counter->top = first;
	armed = slots_rewrite(counter);
	spin_unlock_irq(&counter->lock);

	if (armed)
		sysgenid_writers_fence();

	spin_lock_irq(&counter->lock);
	counter->last_cause = SYSGENID_CAUSE_NONE;
	counter->resumed = 0;
	counter->resumed_from = 0;
	counter->event_needed = false;
	counter->leaked = false;
	counter->acknowledged = 0;
	counter->counted_at = 0;
	counter->reseed_sample = 0;
	counter->untold = false;
	counter->began = first;
	counter->own_events = false;
	/* Release: readers of this life acquire. */
	smp_store_release(&counter->shared->rng_generation, 0);
	/* It was another container's, and containers may not know of each other. */
	for (i = 0; i < ARRAY_SIZE(counter->shared->incarnation); i++)
		smp_store_release(&counter->shared->incarnation[i], 0); /* as in reseed_publish() */
	/* Release: as above. */
	smp_store_release(&counter->shared->generation, (u32)first);
	/* Release: as above. */
	smp_store_release(&counter->shared->vmclock_counter, vmclock);
	sysgenid_view_update(counter);
	spin_unlock_irq(&counter->lock);
}

static struct sysgenid_counter *slot_counter(struct sysgenid_slot *slot)
{
	return slot->counter ? slot->counter : &sysgenid_system;
}

void sysgenid_slot_arm(struct sysgenid_slot *slot)
{
	struct sysgenid_counter *counter = slot_counter(slot);
	unsigned long flags;

	spin_lock_irqsave(&counter->lock, flags);
	slot_write_source(counter, slot);
	list_add_tail(&slot->node, &counter->slots);
	spin_unlock_irqrestore(&counter->lock, flags);
}
EXPORT_SYMBOL_GPL(sysgenid_slot_arm);

void sysgenid_slot_executed(struct sysgenid_slot *slot)
{
	struct sysgenid_counter *counter = slot_counter(slot);
	unsigned long flags;

	spin_lock_irqsave(&counter->lock, flags);
	/*
	 * What was published is this ticket or, if an event has rewritten the source just after the
	 * device had loaded it, an older one. Then the word is below top and an event
	 * moves it up.
	 */
	counter->top = max(counter->top, slot->ticket);
	counter->leaked = true;
	sysgenid_view_update(counter);
	list_del_init(&slot->node);
	spin_unlock_irqrestore(&counter->lock, flags);
}
EXPORT_SYMBOL_GPL(sysgenid_slot_executed);

void sysgenid_slot_drop(struct sysgenid_slot *slot)
{
	struct sysgenid_counter *counter = slot_counter(slot);
	unsigned long flags;

	spin_lock_irqsave(&counter->lock, flags);
	list_del_init(&slot->node);
	spin_unlock_irqrestore(&counter->lock, flags);
}
EXPORT_SYMBOL_GPL(sysgenid_slot_drop);

static void writer_needs_event(struct sysgenid_counter *counter)
{
	unsigned long flags;

	spin_lock_irqsave(&counter->lock, flags);
	counter->event_needed = true;
	spin_unlock_irqrestore(&counter->lock, flags);
}

void sysgenid_slot_missed(struct sysgenid_slot *slot)
{
	writer_needs_event(slot_counter(slot));
}
EXPORT_SYMBOL_GPL(sysgenid_slot_missed);

void sysgenid_writer_report(bool needs_event)
{
	if (needs_event)
		writer_needs_event(&sysgenid_system);
	/* Not in the interrupt: unprivileged users determine how many sleepers are to be woken. */
	queue_work(system_highpri_wq, writer_confirm);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_report);

/*
 * Has a device's own store made the event of @counter, so that no other is needed? Clears what
 * devices have reported. Caller holds ->events.
 *
 * Not if a resume has replaced the word that the device stored. Listeners know the present word as
 * the resume's, and no other word is left that they could be told for the leak.
 */
bool sysgenid_device_made_event(struct sysgenid_counter *counter, u32 *generation)
{
	sysgenid_ticket now;
	bool good;

	spin_lock_irq(&counter->lock);
	now = sysgenid_counter_current(counter);
	/* Above the highest is never drawn: the device violated its request. */
	good = !counter->event_needed && now >= counter->top && now <= counter->highest &&
	       (u32)now != counter->resumed;
	/*
	 * A domain's request can come back although its device reported no leak since the request
	 * was armed. And a second device, which has no request for this domain, may have reported a
	 * leak after the first.
	 */
	if (counter != &sysgenid_system)
		good = good && counter->leaked &&
		       atomic_read(&counter->covered) == READ_ONCE(writer_count);
	counter->event_needed = false;
	counter->leaked = false;
	counter->last_cause = SYSGENID_CAUSE_VIRTIO_LEAK;
	sysgenid_view_update(counter);
	spin_unlock_irq(&counter->lock);
	*generation = (u32)now;
	return good;
}

/* For the reseed: takes in the random bytes that devices have given so far. */
void sysgenid_writers_harvest(void)
{
	struct sysgenid_writer *writer;
	int index;

	index = srcu_read_lock(&writer_srcu);
	for_each_writer(writer) {
		writer->fence(writer);
		writer->harvest(writer);
	}
	srcu_read_unlock(&writer_srcu, index);
}

/* From now on each device that has room moves the word of @counter at each leak. */
void sysgenid_writers_cover(struct sysgenid_counter *counter)
{
	struct sysgenid_writer *writer;
	int index;

	index = srcu_read_lock(&writer_srcu);
	for_each_writer(writer)
		sysgenid_writer_cover(writer, counter);
	srcu_read_unlock(&writer_srcu, index);
}

/* The smallest room for domains among the devices that have any. */
unsigned int sysgenid_writers_room(void)
{
	struct sysgenid_writer *writer;
	unsigned int room = 0;
	int index;

	index = srcu_read_lock(&writer_srcu);
	for_each_writer(writer)
		room = min_not_zero(room, writer->room);
	srcu_read_unlock(&writer_srcu, index);
	return room;
}

void sysgenid_writer_cover(struct sysgenid_writer *writer, struct sysgenid_counter *counter)
{
	if (writer->cover(writer, counter, counter->page))
		atomic_inc(&counter->covered);
}

void sysgenid_uncovered(struct sysgenid_counter *counter)
{
	atomic_dec(&counter->covered);
}
EXPORT_SYMBOL_GPL(sysgenid_uncovered);

void sysgenid_writer_attach(struct sysgenid_writer *writer)
{
	mutex_lock(&writer_lock);
	list_add_tail_rcu(&writer->node, &writer_list);
	WRITE_ONCE(writer_count, writer_count + 1);
	mutex_unlock(&writer_lock);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_attach);

/* Returns when nobody calls the writer's functions any more. */
void sysgenid_writer_remove(struct sysgenid_writer *writer)
{
	mutex_lock(&writer_lock);
	list_del_rcu(&writer->node);
	WRITE_ONCE(writer_count, writer_count - 1);
	mutex_unlock(&writer_lock);
	synchronize_srcu(&writer_srcu);
}

/* @confirm is queued after a device has reported something. */
void sysgenid_writers_start(struct work_struct *confirm)
{
	writer_confirm = confirm;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers of devices that store the generation word by themselves, such as virtio-rng's leak
 * queues.
 *
 * A driver *arms* requests "copy this source word into the generation word". The source holds a
 * number that nobody else will ever publish; after a request was executed it is armed anew with a
 * fresh one. While it is armed, events of CPUs rewrite the source in place. See docs/protocol.md.
 *
 * Order of calls: attach, then arm; when the device has been reset and can store nothing any more,
 * detach. A driver's own lock is taken outside the counter's: call these functions under it, not
 * the other way round.
 */
#ifndef _SYSGENID_WRITER_H
#define _SYSGENID_WRITER_H

#include <linux/list.h>
#include <linux/types.h>

struct page;
struct sysgenid_counter;

struct sysgenid_writer {
	/*
	 * Each report of this device is followed by an event of a CPU: its own stores do not cover
	 * every leak, or it stores nothing. Constant while attached.
	 */
	bool needs_event;
	unsigned int room; /* domains that cover() has room for; constant while attached */
	/*
	 * Returns when copies that the device had begun have landed. Process context, no locks of
	 * the driver's held.
	 */
	void (*fence)(struct sysgenid_writer *writer);
	/*
	 * Take back executed requests, as in the interrupt; returns whether there were any. Process
	 * context.
	 */
	bool (*harvest)(struct sysgenid_writer *writer);
	/*
	 * Optional, all three. From now on arm slots for the word of @counter in @page, too, whose
	 * offset is that of the generation. Until uncover() the counter and the page stay. Called
	 * with a spinlock held that all containers share. Returns 0; -EEXIST: it does already; or
	 * another error: then events of CPUs move the word.
	 */
	int (*cover)(struct sysgenid_writer *writer, struct sysgenid_counter *counter,
		     struct page *page);
	/*
	 * From detach: no more of that. Drop the slots, call sysgenid_uncovered() for each counter.
	 */
	void (*uncover)(struct sysgenid_writer *writer);

	struct sysgenid_counter *counter; /* set by attach */
	struct list_head node;		  /* the list of writer.c; guarded by its lock */
};

/* One request that copies a source word into the generation word. */
struct sysgenid_slot {
	struct sysgenid_counter *counter; /* NULL: the system's; constant while armed */
	u32 *source;	       /* aligned; not freed before detach; constant while armed */
	u64 ticket;	       /* what was last written there; guarded by the counter's lock */
	struct list_head node; /* counter->slots while armed; guarded by the counter's lock */
};

/**
 * sysgenid_writer_attach - begin to use a writer, for the system's word
 * @writer: its constant fields and functions are set
 */
void sysgenid_writer_attach(struct sysgenid_writer *writer);

/**
 * sysgenid_writer_detach - end the use of a writer whose device was reset and stores nothing any
 * more
 * @writer: it is not called any more when this function returns
 * @slots: the system's slots, armed or not
 * @count: of them
 *
 * Moves the generation: the device may have done so without being able to report it. Sleeps.
 */
void sysgenid_writer_detach(struct sysgenid_writer *writer, struct sysgenid_slot *slots[],
			    unsigned int count);

/**
 * sysgenid_writer_cover_all - call the writer's cover() for the domains that there are
 * @writer: attached, and its device is ready
 */
void sysgenid_writer_cover_all(struct sysgenid_writer *writer);

/**
 * sysgenid_uncovered - a writer has nothing of a counter any more that it covered
 * @counter: as cover() got it
 *
 * Context: Any.
 */
void sysgenid_uncovered(struct sysgenid_counter *counter);

static inline void sysgenid_slot_init(struct sysgenid_slot *slot, struct sysgenid_counter *counter,
				      u32 *source)
{
	slot->counter = counter;
	slot->source = source;
	INIT_LIST_HEAD(&slot->node);
}

/**
 * sysgenid_slot_arm - write a fresh number into a slot's source, for a request that copies it
 * @slot: not armed
 *
 * Give the request to the device afterwards; the queue's barriers order the source before it.
 *
 * Context: Any.
 */
void sysgenid_slot_arm(struct sysgenid_slot *slot);

/**
 * sysgenid_slot_executed - a device has executed the request of a slot
 * @slot: it is not armed any more
 *
 * Context: Any.
 */
void sysgenid_slot_executed(struct sysgenid_slot *slot);

/**
 * sysgenid_slot_drop - the device never executes the request of a slot
 * @slot: it is not armed any more, if it was
 *
 * Context: Any.
 */
void sysgenid_slot_drop(struct sysgenid_slot *slot);

/**
 * sysgenid_slot_missed - a leak has not executed the request of a slot
 * @slot: its counter gets an event after the report
 *
 * Context: Any.
 */
void sysgenid_slot_missed(struct sysgenid_slot *slot);

/**
 * sysgenid_writer_report - a harvest has found something: do what else belongs to an event
 * @writer: attached
 *
 * Context: Any.
 */
void sysgenid_writer_report(struct sysgenid_writer *writer);

/**
 * sysgenid_writer_event - report something that the device's own store does not cover
 * @writer: attached
 *
 * Context: Any.
 */
void sysgenid_writer_event(struct sysgenid_writer *writer);

#endif /* _SYSGENID_WRITER_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What other kernel code may call: sysgenid.h and, for devices that store the word,
 * sysgenid_writer.h.
 */
#include <linux/export.h>
#include <linux/mm.h>

#include "counter.h"
#include "domain.h"
#include "event.h"
#include "sysgenid.h"
#include "sysgenid_writer.h"
#include "writer.h"

u32 sysgenid_bump_generation(enum sysgenid_cause cause)
{
	return sysgenid_event_system(cause);
}
EXPORT_SYMBOL_GPL(sysgenid_bump_generation);

u32 sysgenid_generation(void)
{
	return sysgenid_counter_generation(&sysgenid_system);
}
EXPORT_SYMBOL_GPL(sysgenid_generation);

struct page *sysgenid_get_page(void)
{
	get_page(sysgenid_system.page);
	return sysgenid_system.page;
}
EXPORT_SYMBOL_GPL(sysgenid_get_page);

void sysgenid_writer_attach(struct sysgenid_writer *writer)
{
	sysgenid_writers_add(writer);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_attach);

void sysgenid_writer_cover_all(struct sysgenid_writer *writer)
{
	sysgenid_domains_cover(writer);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_cover_all);

void sysgenid_writer_detach(struct sysgenid_writer *writer, struct sysgenid_slot *slots[],
			    unsigned int count)
{
	unsigned int i;

	sysgenid_writers_remove(writer);
	for (i = 0; i < count; i++)
		sysgenid_slot_drop(slots[i]);
	if (writer->uncover) {
		writer->uncover(writer);
		sysgenid_domains_purge();
	}
	/* The report of a last leak may have been lost, with somebody asleep on the old value. */
	sysgenid_event_system(SYSGENID_CAUSE_KERNEL);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_detach);

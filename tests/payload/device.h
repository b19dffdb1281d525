/* SPDX-License-Identifier: GPL-2.0-only */
/* Short names for what all tests do with the device. */
#ifndef DEVICE_H
#define DEVICE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/sysgenid.h>

#define PAGE 4096

/* A mapping that is there from device_setup() to the end of the program. */
extern const volatile struct sysgenid_page *shared_page;

void device_setup(void);
int device_open(int flags); /* bails out when it cannot */
void device_close(int fd);
const volatile struct sysgenid_page *device_map(int fd);

static inline uint32_t generation(void)
{
	return __atomic_load_n(&shared_page->generation, __ATOMIC_ACQUIRE);
}

uint32_t trigger(uint32_t min);		  /* as root; returns the generation after it */
void store_word(uint32_t word);		  /* by sysgenid_test.ko, as a device does */
long acknowledge(int fd, uint32_t value); /* 0 or -errno */
void acknowledge_now(int fd);
bool outdated(int fd);	      /* as poll says */
long read_generation(int fd); /* or -errno */

/* A number from /sys/class/misc/sysgenid/NAME, or from the line "NAME:" of the file's fdinfo. */
long sysfs_number(const char *name);
long fdinfo_number(int fd, const char *name);

bool slow_kernel(void); /* the debug kernel */
/* The end of the program, so that a call that never comes back does not hold up everything. */
void time_limit(unsigned int seconds);

long long now_ms(void);
void pause_ms(int ms); /* between two looks at a condition */

#endif /* DEVICE_H */

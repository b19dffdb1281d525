/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRESS_H
#define STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A thread that looks at the counter in its own way while others trigger. */
struct observer {
	const char *name;
	void (*body)(struct observer *self);
	pthread_t thread;
	uint32_t last;		  /* the generation seen last */
	uint32_t seen;		  /* how many different ones */
	uint32_t wrong;		  /* how often the counter broke its promise */
	char problem[128];	  /* the first time */
	_Atomic uint32_t settled; /* the generation that it has nothing left to do about */
};

extern struct observer observers[];
extern const unsigned int observer_count;
extern atomic_bool stopping;

#endif /* STRESS_H */

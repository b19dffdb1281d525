// SPDX-License-Identifier: GPL-2.0-only
/*
 * A container that moves its own counter all the time, with very many to wake: events of the
 * system's go by.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "domains.h"
#include "genl.h"
#include "tap.h"

#define THREADS 40
#define WATCHES 10000
#define ROUNDS 20
#define NAMESPACES 200

static int watched[WATCHES];
static atomic_bool stopping;

static void *move_it(void *fd)
{
	while (!stopping)
		must(ioctl((int)(intptr_t)fd, SYSGENID_TRIGGER_GEN_UPDATE, 0) == 0);
	return NULL;
}

/* Each thread is one sleeper that an event has to wake. */
static int watch_often(int fd)
{
	const struct rlimit files = { WATCHES + 1024, WATCHES + 1024 };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	must(epoll >= 0 && setrlimit(RLIMIT_NOFILE, &files) == 0);
	for (int i = 0; i < WATCHES; i++) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLET };

		watched[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		must(watched[i] >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, watched[i], &event) == 0);
	}
	return epoll;
}

/* Each new domain has an incarnation, of which listeners are told. */
static void flood_listeners(void)
{
	struct genl listener;
	struct genl_reply event;
	long long begin, took;
	int told = 0;

	must(genl_open(&listener) == 0 &&
	     genl_subscribe_domains_incarnations(&listener, 1 << 20) == 0);
	begin = now_ms();
	for (int i = 0; i < NAMESPACES; i++)
		device_close(open_in_new_domain());
	took = now_ms() - begin;
	/* Those that are still to come. */
	pause_ms(100);
	while (genl_event(&listener, &event, MSG_DONTWAIT) == 0)
		told++;
	tap_ok(told <= took / 10 + 2 && told < NAMESPACES,
	       "who makes many namespaces is told of once in 10 ms");
	tap_diag("%d messages for %d namespaces in %lld ms", told, NAMESPACES, took);
	genl_close(&listener);
}

void domains_flood(void)
{
	int system = device_open(O_RDONLY), older = open_in_new_domain(),
	    flooded = open_in_new_domain();
	const volatile struct sysgenid_page *behind = device_map(older),
					    *page = device_map(flooded);
	int epoll = watch_often(flooded);
	unsigned int own = 0, reached = 0;
	pthread_t threads[THREADS];

	for (intptr_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, move_it, (void *)(intptr_t)flooded) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t before = page->generation, old = behind->generation;

		must(ioctl(system, SYSGENID_TRIGGER_GEN_UPDATE, 0) == 0);
		own += page->generation - before;
		reached += moves_from(behind, old);
		pause_ms(20);
	}
	stopping = true;
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);
	tap_is(reached, ROUNDS, "a container that keeps its counter busy is passed by");
	tap_diag("%u events of its own during %d of the system's", own, ROUNDS);
	/*
	 * An event that waited for its turn would let all threads go first, each time. On a busy
	 * machine others come before this task runs again and looks.
	 */
	tap_ok(own < ROUNDS * THREADS * 3 / 4,
	       "an event of the system's does not wait for those that it has lined up");
	close(epoll);
	for (int i = 0; i < WATCHES; i++)
		close(watched[i]);
	device_close(flooded);
	device_close(older);
	device_close(system);
	flood_listeners();
}

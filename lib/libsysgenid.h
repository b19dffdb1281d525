/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsysgenid: learn, for the price of a memory load, that this process or its machine was restored
 * from a snapshot.
 *
 *	struct sysgenid *id;
 *	uint32_t seen;
 *
 *	if (sysgenid_open(&id, NULL, 0) == 0)
 *		seen = sysgenid_generation(id);
 *	...
 *	if (sysgenid_changed(id, &seen))
 *		drop_cached_random_state();
 *
 * The rules of the counter are those of <linux/sysgenid.h>.
 *
 * ERRORS. Functions that can fail return 0 or a positive result, or -errno. No function prints,
 * aborts, or changes errno's meaning for the caller. sysgenid_explain() turns an error into a
 * sentence.
 *
 * THREADS. Any number of threads may use a handle at the same time. sysgenid_close() may only be
 * called when all others are done. A sysgenid_events handle belongs to one thread at a time. A
 * thread may be cancelled in sysgenid_wait(), sysgenid_wait_watchers() and sysgenid_events_next();
 * elsewhere it may leave a descriptor behind.
 *
 * FORK. A child shares the parent's open file, and with it the acknowledged generation and the
 * tracking: one acknowledgement serves both. The mapping goes on in the child. A child that wants
 * its own state opens a handle of its own. sysgenid_generation() and sysgenid_changed() are
 * async-signal-safe.
 */
#ifndef LIBSYSGENID_H
#define LIBSYSGENID_H

#include <linux/sysgenid.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sysgenid {
	const struct sysgenid_page *page; /* read it with the functions below */
	int fd; /* pollable; -1 with SYSGENID_OPEN_MAP_ONLY, SYSGENID_FD_FILE. Do not close. */
	const void *vmclock; /* the hypervisor's VMClock page; NULL: it cannot be mapped */
};

/*
 * Where no module can be loaded, a *counter file* may stand at the same path: a regular file of one
 * page, bind-mounted read-only, whose generation word is written in place when a container is
 * restored. The functions below do the same with a counter file as with the device, but
 *  - there is no descriptor to poll: fd is SYSGENID_FD_FILE. sysgenid_wait() looks at the
 *    generation at least every 20 ms.
 *  - there are no watchers: sysgenid_track() and sysgenid_wait_watchers() return -EOPNOTSUPP. An
 *    acknowledgement is checked and reaches nobody.
 *  - the generation does not move when a virtual machine is restored.
 *  - programs that call read() or poll() by themselves see a plain file.
 * A file is taken for a counter file only if root or the caller owns it and nobody else can write
 * it: whoever can write the file can also truncate it, and then programs that have it mapped get
 * SIGBUS.
 */
#define SYSGENID_FD_FILE (-2)

/* sysgenid_open() flags */
/* Keep the mapping and close the file: only loads and sysgenid_getrandom() work. */
#define SYSGENID_OPEN_MAP_ONLY 0x1u

/**
 * sysgenid_open - open and map the counter
 * @handle: where the new handle goes; NULL on failure
 * @path:   the device; NULL means $SYSGENID_PATH or, without it, /dev/sysgenid. In a
 *          set-user-ID program the variable is ignored.
 * @flags:  SYSGENID_OPEN_*; unknown bits: -EINVAL
 *
 * The file is opened close-on-exec, non-blocking, and for reading and writing; with
 * SYSGENID_OPEN_MAP_ONLY for reading only. Errors: -ENOENT, -ENODEV or -ENXIO (module not loaded),
 * -EACCES (by mode, or by a container's device cgroup),
 * -ENOTTY (@path is not the counter), -EMFILE, -ENOMEM, ...
 * Capability: none.
 */
int sysgenid_open(struct sysgenid **handle, const char *path, unsigned int flags);

enum sysgenid_source { SYSGENID_SOURCE_DEVICE, SYSGENID_SOURCE_FILE };

/** sysgenid_source - is the counter the device, or a counter file? */
enum sysgenid_source sysgenid_source(const struct sysgenid *handle);

/**
 * sysgenid_close - unmap, close, free. NULL is allowed. Nobody waits for the handle afterwards.
 */
void sysgenid_close(struct sysgenid *handle);

/**
 * sysgenid_sync - have the kernel look whether the machine was restored, and wait for the new
 * generation, for a second at most
 *
 * sysgenid_generation() calls it when it has to. Async-signal-safe; errno stays.
 */
void sysgenid_sync(const struct sysgenid *handle);

/*
 * Half of a 64-bit number of the machine's: loads of 64 bits are not one load everywhere. All
 * numbers are compared for equality alone, so the halves' order does not matter.
 */
typedef unsigned long sysgenid_part __attribute__((may_alias));

/** sysgenid_is_behind - has the hypervisor moved its counter, and the generation not yet? */
static inline bool sysgenid_is_behind(const struct sysgenid *handle)
{
	const sysgenid_part *theirs, *ours;
	bool behind = false;

	if (!handle->vmclock)
		return false;
	theirs = (const sysgenid_part *)((const char *)handle->vmclock + SYSGENID_VMCLOCK_COUNTER);
	ours = (const sysgenid_part *)&handle->page->vmclock_counter;
	for (size_t i = 0; i < sizeof(uint64_t) / sizeof(*ours); i++)
		behind |= __atomic_load_n(&theirs[i], __ATOMIC_ACQUIRE) !=
			  __atomic_load_n(&ours[i], __ATOMIC_ACQUIRE);
	return behind;
}

/**
 * sysgenid_generation - the current generation: three loads with acquire ordering, no system call
 *
 * In a virtual machine whose hypervisor has moved its VMClock counter and whose kernel has not yet
 * followed, it waits for the kernel (sysgenid_sync()). So it is right with the first call after a
 * restore.
 */
static inline uint32_t sysgenid_generation(const struct sysgenid *handle)
{
	if (__builtin_expect(sysgenid_is_behind(handle), 0))
		sysgenid_sync(handle);
	return __atomic_load_n(&handle->page->generation, __ATOMIC_ACQUIRE);
}

/**
 * sysgenid_changed - has the generation changed since the caller looked?
 * @seen: in: the generation that the caller knows; out: the current one
 *
 * Call this function first, and use the cached state afterwards. If it returns false, state that
 * was made before the call belongs to the current generation. Threads must not share @seen without
 * a lock: keep one for each thread.
 */
static inline bool sysgenid_changed(const struct sysgenid *handle, uint32_t *seen)
{
	uint32_t now = sysgenid_generation(handle);

	if (__builtin_expect(now == *seen, 1))
		return false;
	*seen = now;
	return true;
}

/**
 * sysgenid_rng_reseeded - has the kernel's random number generator been reseeded for the current
 * generation?
 *
 * Call this function before and after getrandom(). If both calls return true, with the same
 * sysgenid_generation(), the bytes come from a state that no clone of an earlier generation has.
 * Returns false, too, if the kernel does not tell: then page->flags lacks SYSGENID_PAGE_F_RNG.
 */
static inline bool sysgenid_rng_reseeded(const struct sysgenid *handle)
{
	uint32_t now = sysgenid_generation(handle);

	return (__atomic_load_n(&handle->page->flags, __ATOMIC_ACQUIRE) & SYSGENID_PAGE_F_RNG) &&
	       __atomic_load_n(&handle->page->rng_generation, __ATOMIC_ACQUIRE) == now;
}

/**
 * sysgenid_getrandom - getrandom() whose bytes no clone of an earlier generation has
 * @flags:      as for getrandom(2); with GRND_NONBLOCK it never waits
 * @generation: the generation that the bytes belong to; may be NULL
 *
 * After a restore the kernel's generator has the state of the snapshot until it is reseeded, also
 * in a restored virtual machine. This function waits for the reseed, and draws again if a restore
 * came in between. Bytes that were returned before a snapshot, and that are used after it, exist
 * twice, whoever made them: compare @generation with sysgenid_generation() once more when you use
 * them.
 *
 * Returns 0 with all of @buffer filled; -EAGAIN with GRND_NONBLOCK; -ETIMEDOUT: no reseed for ten
 * seconds (see the kernel log); -EOPNOTSUPP: the kernel does not keep rng_generation; else an error
 * of getrandom(2). After an error @buffer is zeroed. Signals don't end the call. Works with
 * SYSGENID_OPEN_MAP_ONLY. Capability: none.
 */
int sysgenid_getrandom(const struct sysgenid *handle, void *buffer, size_t size, unsigned int flags,
		       uint32_t *generation);

/**
 * sysgenid_incarnation - who one is: 128 random bits of this domain
 * @id:         where SYSGENID_INCARNATION_SIZE bytes go
 * @flags:      0, or GRND_NONBLOCK: never wait
 * @generation: the generation that they belong to; may be NULL
 *
 * All processes of a domain have the same; it changes with each generation. For names, leases and
 * logs. It is no secret and no entropy. Containers may share a counter file: there the bits of the
 * page are joined with the number of the caller's PID namespace, so that no two containers that
 * live at the same time have the same. Two that had that number one after the other have, if
 * nothing has moved the file between them. Waits and fails as sysgenid_getrandom() does;
 * -EOPNOTSUPP: the module, or whoever made the counter file, is older and does not keep it, or
 * there is a file, and /proc does not show the caller's PID namespace. Capability: none.
 */
int sysgenid_incarnation(const struct sysgenid *handle, void *id, unsigned int flags,
			 uint32_t *generation);

/**
 * sysgenid_acknowledge - say that this process has adapted to @generation
 *
 * -ESTALE: @generation is not the current one any more: adapt again and acknowledge the new one.
 * -EBADF with SYSGENID_OPEN_MAP_ONLY. Capability: none.
 */
int sysgenid_acknowledge(struct sysgenid *handle, uint32_t generation);

/**
 * sysgenid_track - be, or stop being, a watcher that sysgenid_wait_watchers() waits for.
 * Capability: none.
 */
int sysgenid_track(struct sysgenid *handle, bool on);

/**
 * sysgenid_wait - sleep until the generation is not @seen
 * @timeout_ms: milliseconds; negative: for ever; 0: just look
 *
 * Compares @seen with the generation, not with what the handle has acknowledged: several threads
 * may wait with different @seen. While it sleeps, this function has the device open once more,
 * through /proc or by the path. So a child in a PID namespace of its own, which has another
 * generation, must not wait with a handle that it has inherited. Returns 0, -ETIME, -EINTR after a
 * signal, -EBADF with SYSGENID_OPEN_MAP_ONLY, or why it could not open the device (-EMFILE,
 * -EACCES, ...). Capability: none.
 */
int sysgenid_wait(struct sysgenid *handle, uint32_t seen, int timeout_ms);

enum sysgenid_awaited_what {
	SYSGENID_AWAITED_RESTORE, /* this is a copy that was restored */
	SYSGENID_AWAITED_RESUME,  /* this was dumped, and goes on */
};

struct sysgenid_awaited {
	enum sysgenid_awaited_what what;
	uint32_t generation;
	uint32_t restored; /* the generation of the last restore */
	bool has_incarnation;
	uint8_t incarnation[SYSGENID_INCARNATION_SIZE];
};

/**
 * sysgenid_await - sleep until this domain has been restored, or was dumped and goes on
 * @awaited: in: zeros, or what the last call has left here, so that nothing between the two calls
 *	is missed; out: what has happened
 * @timeout_ms: milliseconds; negative: for ever; 0: just look
 *
 * One call lasts from before a dump until after the restore. It says "resume" where the criu
 * plugin's switch bump-after-dump is set; without it, who goes on after a dump is told nothing and
 * the call goes on. Every change that is no resume is a restore: of a machine, or made by hand. It
 * returns when the incarnation has been drawn, for which it waits as sysgenid_incarnation() does.
 *
 * About the domain of the caller's PID namespace. A container that shares its counter file with
 * others is told what happens to these, too. Signals don't end the call. Returns 0, -ETIME, -EBADF
 * with SYSGENID_OPEN_MAP_ONLY, or an error of sysgenid_wait(), sysgenid_get_status() or
 * sysgenid_incarnation(). Capability: none.
 */
int sysgenid_await(struct sysgenid *handle, struct sysgenid_awaited *awaited, int timeout_ms);

/**
 * sysgenid_wait_watchers - sleep until no tracked watcher is outdated
 * @timeout_ms: milliseconds; 0: for ever
 *
 * Returns 0; -ETIME; -EINTR: this handle is outdated itself (acknowledge and call again) or a
 * signal came. Capability: none.
 */
int sysgenid_wait_watchers(struct sysgenid *handle, unsigned int timeout_ms);

/* The control plane, by generic netlink: needs no handle and works without access to the device. */

/* sysgenid_trigger() flags */
/* cause RESTORE instead of ADMIN */
#define SYSGENID_TRIGGER_RESTORE 0x1u
/* cause RESUME instead of ADMIN: these processes were dumped and go on. Not with RESTORE. */
#define SYSGENID_TRIGGER_RESUME 0x4u
/* jump further than SYSGENID_MAX_JUMP when @min_generation says so */
#define SYSGENID_TRIGGER_FORCE 0x2u

struct sysgenid_error {
	char text[160]; /* what the kernel says about the last failure, or "" */
};

/**
 * sysgenid_trigger - move the generation and reseed the kernel's random number generator
 * @min_generation: the new generation is at least this; 0 for no wish
 * @generation:     the new generation; may be NULL
 * @error:          may be NULL
 *
 * Moves the system's generation, and those of all containers. Returns when the generation has moved
 * and the generator has been reseeded. -EPERM: see
 * sysgenid_explain(). -ERANGE: more than SYSGENID_MAX_JUMP above the highest generation so far, or
 * SYSGENID_MAX_JUMPS in all since the module was loaded, and not forced; nothing has moved.
 * -EIO: moved, but the reseed failed. -ENOENT: module not loaded.
 * -ETIMEDOUT: no answer for 30 seconds; it may have moved. Signals do not end the call.
 * Capability: CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the initial user namespace.
 */
int sysgenid_trigger(uint32_t min_generation, unsigned int flags, uint32_t *generation,
		     struct sysgenid_error *error);

/**
 * sysgenid_trigger_domain - the same for one domain: that of a PID namespace
 * @pidns_fd: a descriptor of /proc/PID/ns/pid
 *
 * Nobody outside the domain is woken or sees another generation. With the initial PID namespace
 * this is sysgenid_trigger(). If nobody in the domain has the device open, nothing moves, and
 * @generation is the one that the domain would start with. Further errors: -EBADF: no such
 * descriptor; -EINVAL: the descriptor is not a PID namespace's; -EBUSY: others have moved that
 * generation without pause for a second, and nothing has moved. Domains other than the system's
 * follow any @min_generation. Capability: as above, in the user namespace that owns the PID
 * namespace.
 */
int sysgenid_trigger_domain(int pidns_fd, uint32_t min_generation, unsigned int flags,
			    uint32_t *generation, struct sysgenid_error *error);

/**
 * sysgenid_reseed - reseed the kernel's random number generator and move no generation
 *
 * It is made for restores whose processes begin on a new generation, and counts as one in the
 * module's statistics. Returns when the reseed is done. -EPERM, -EIO, -ENOENT, -ETIMEDOUT as above;
 * -EOPNOTSUPP: an old module. Capability: CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the initial
 * user namespace.
 */
int sysgenid_reseed(struct sysgenid_error *error);

struct sysgenid_status {
	uint32_t generation;
	uint32_t highest;  /* the highest number ever drawn in this domain */
	uint32_t watchers; /* tracked files */
	uint32_t outdated; /* of these, how many are outdated */
	uint32_t cause;	   /* enum sysgenid_cause of the last change */
	uint32_t minor;	   /* device minor */
};

/**
 * sysgenid_get_status - ask the kernel about the domain of the caller's PID namespace
 *
 * -ENOENT: module not loaded. -ETIMEDOUT after 5 s. Capability: none.
 */
int sysgenid_get_status(struct sysgenid_status *status, struct sysgenid_error *error);

/**
 * sysgenid_get_domain_status - the same for the domain of a PID namespace
 * @pidns_fd: a descriptor of /proc/PID/ns/pid (-EBADF, -EINVAL: it is none); -1: the caller's own
 * @domain:   the inode number of that file, which events carry; may be NULL
 *
 * If nobody has the device open there, @status is what the domain would start with.
 * Capability: none for the caller's own, else as for sysgenid_trigger_domain() (-EPERM).
 */
int sysgenid_get_domain_status(int pidns_fd, struct sysgenid_status *status, uint32_t *domain,
			       struct sysgenid_error *error);

/**
 * sysgenid_get_incarnation - ask the kernel for the incarnation of a domain
 * @pidns_fd:   as above
 * @id:         where SYSGENID_INCARNATION_SIZE bytes go
 * @generation: the generation that they belong to; may be NULL
 *
 * Without a handle, and without waiting. -EAGAIN: that generation has none yet, since the reseed is
 * still to come; nobody has the device open there; or the module is older and does not keep it.
 * Other errors and capability: as above.
 */
int sysgenid_get_incarnation(int pidns_fd, void *id, uint32_t *generation,
			     struct sysgenid_error *error);

/**
 * sysgenid_cause_name - "none", "ioctl", "admin", "restore", "virtio-leak", "vmgenid", "kernel",
 * "vmclock", "resume" or "unknown"
 */
const char *sysgenid_cause_name(uint32_t cause);

struct sysgenid_events; /* a subscription */

/* sysgenid_events_open() flags */
/* Also report when all watchers have acknowledged: SYSGENID_EVENT_SETTLED. */
#define SYSGENID_EVENTS_SETTLED 0x1u
/*
 * Also report changes of other domains. A container may cause so many of these that changes of the
 * system's domain are missed as well (-ENOBUFS). To prevent that, use two subscriptions.
 */
#define SYSGENID_EVENTS_DOMAINS 0x2u
/* Also report when a generation has got its incarnation: SYSGENID_EVENT_INCARNATION. */
#define SYSGENID_EVENTS_INCARNATIONS 0x4u

enum sysgenid_event_type {
	SYSGENID_EVENT_CHANGE,	    /* the generation has changed */
	SYSGENID_EVENT_SETTLED,	    /* the last outdated watcher has acknowledged it, or closed */
	SYSGENID_EVENT_INCARNATION, /* the generation has got its incarnation */
};

struct sysgenid_event {
	enum sysgenid_event_type type;
	uint32_t generation;
	uint32_t domain;   /* inode number of the PID namespace, as in /proc/PID/ns/pid */
	uint32_t cause;	   /* of a change: enum sysgenid_cause; else 0 */
	uint32_t watchers; /* when settled: how many there are; else 0 */
	uint8_t incarnation[SYSGENID_INCARNATION_SIZE]; /* if it is about that; else 0 */
};

/**
 * sysgenid_events_open - subscribe to changes in the system's domain
 * @flags: SYSGENID_EVENTS_*; unknown bits: -EINVAL
 *
 * A change that reaches all domains is reported once, as an event of the system's domain.
 * -ENOENT: module not loaded. -EPROTO: the module is older and does not report what @flags ask for.
 * Capability: none; with SYSGENID_EVENTS_DOMAINS CAP_SYS_ADMIN in the initial user namespace
 * (-EPERM). Events reach the initial network namespace only.
 */
int sysgenid_events_open(struct sysgenid_events **events, unsigned int flags);

/** sysgenid_events_fd - for poll, with POLLIN; never close or read it yourself */
int sysgenid_events_fd(const struct sysgenid_events *events);

/**
 * sysgenid_events_next - take the next event
 * @timeout_ms: milliseconds; negative: for ever; 0: just look
 *
 * Returns 0; -ETIME; -EINTR after a signal; -ENOBUFS: some events were missed, and the subscription
 * goes on: take the events that are still queued, which are older, until -ETIME, and then call
 * sysgenid_get_status() for the current generation; -ENODEV: the module was unloaded, no more
 * events will come: open a new subscription.
 */
int sysgenid_events_next(struct sysgenid_events *events, struct sysgenid_event *event,
			 int timeout_ms);

/** sysgenid_events_close - end the subscription. NULL is allowed. */
void sysgenid_events_close(struct sysgenid_events *events);

/**
 * sysgenid_explain - what an error of one of the functions above means and what to do about it
 * @error: -errno as returned
 * @text:  at most @size bytes with the final 0; always terminated when @size is not 0
 *
 * For a refused trigger it names the capability that the calling process lacks. Returns @text.
 */
char *sysgenid_explain(int error, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* LIBSYSGENID_H */

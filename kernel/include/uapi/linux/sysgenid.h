/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/sysgenid: the system generation counter.
 *
 * This file is the specification of the interface. Kernel, library, plugin, command and tests
 * include it. "v7" is the patch series "System Generation ID driver and VMGENID backend", version
 * 7, February 2021, which Amazon's kernels carry; where the rules below say more than v7 they say
 * so.
 *
 * THE COUNTER
 *
 * An unsigned 32-bit number. It is 0 until the first event and is *different after every restore*
 * from any value that anybody saw before it. It grows by at least 1 an event (v7: by exactly 1;
 * here numbers may be skipped, they are never reused). After 4294967295 comes 1: 0 is never reached
 * again. Compare generations for equality only.
 *
 * The number is not a secret and it is no source of entropy. It begins at 0 each time the module is
 * loaded.
 *
 * DOMAINS (not in v7)
 *
 * Each PID namespace has a counter of its own, a *domain*, with a number space and watchers of its
 * own. An open file belongs to the domain of the PID namespace that opened it, for ever, whoever
 * gets the file; so do its mappings. The domain of the initial PID namespace is the *system's*. It
 * is what v7 has.
 *
 * A domain exists while a file of it is open or mapped. It starts, at the first open, above the
 * highest number that was ever drawn in the system's domain, and takes none of those away. (The
 * domain of a namespace that nobody has open anything of is new again at the next open.)
 *
 * An event in the system's domain (a trigger on a file of the initial PID namespace, over netlink
 * without PIDNS_FD, the hypervisor's, the kernel's) reaches *all* domains: the system's first, then
 * each. An event in another domain reaches nobody else: it moves no other number and wakes nobody
 * there. A nested PID namespace is another domain.
 *
 * What a process is told without a file at hand (sysfs, SYSGENID_CMD_GET) is about the domain of
 * its own PID namespace.
 *
 * THE DEVICE (misc character device, major 10, minor SYSGENID_MINOR, mode 0666)
 *
 * open     remembers the current generation as the one this file has *acknowledged*. A file is
 *          *outdated* while the generation it has acknowledged is not the current one. The file
 *          belongs to the domain of the PID namespace of the caller. No capability needed.
 * read     count 0: returns 0. count < 4: EINVAL. Otherwise blocks until the file is outdated and
 *          then returns 4 bytes, the current generation in host byte order; it does so again and
 *          again until the file acknowledges. O_NONBLOCK and not outdated: EAGAIN. A bad address:
 *          EFAULT.
 * write    acknowledges. count other than 4: ENOBUFS. A value that is not the current generation:
 *          EINVAL. A bad address: EFAULT. Needs a file opened for writing.
 * lseek    ESPIPE, and so do pread and pwrite: the file has no position.
 * poll     EPOLLIN | EPOLLRDNORM while the file is outdated, never EPOLLOUT. Not by io_submit(2)'s
 *          IOCB_CMD_POLL, which knows one queue a file and gives EINVAL; io_uring and epoll do.
 * mmap     exactly one page at offset 0 (else EINVAL; there is a second page of another kind, see
 *          SYSGENID_MAP_VMCLOCK), shared or private, never writable, now or by
 *          a later mprotect (EPERM, EACCES). The page is struct sysgenid_page. It *is* the counter
 *          and not a copy of it: whoever moves the generation has moved it for every mapping in the
 *          same store. The mapping stays good after the file is closed. mremap cannot make it
 *          larger (EFAULT).
 * ioctl    see below; a request that is not listed gives ENOTTY.
 * fdinfo   /proc/PID/fdinfo/FD shows sysgenid-generation, sysgenid-acknowledged, sysgenid-outdated
 *          and sysgenid-tracked, so that a checkpoint tool can save them (not in v7);
 *          sysgenid-highest, the highest number ever drawn in the file's domain, which a
 *          restored program must end above; and sysgenid-domain, see SYSGENID_A_DOMAIN.
 */
#ifndef _UAPI_LINUX_SYSGENID_H
#define _UAPI_LINUX_SYSGENID_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SYSGENID_DEVICE "/dev/sysgenid"

/*
 * Minors 240 to 254 of the misc major are for local use; 240 to 242 are taken in mainline. A number
 * that is the same on every host matters: checkpoints carry device nodes with the number of the
 * host that made them. The module parameter "minor" changes it.
 */
#define SYSGENID_MINOR 243

#define SYSGENID_INCARNATION_WORDS 4
#define SYSGENID_INCARNATION_SIZE 16 /* the same in bytes */

/*
 * The mapped page. On little-endian hosts offsets 0 to 7, loaded as one 64-bit number, give the
 * generation too; on others they do not.
 * All fields are read with one aligned 32-bit load each; the kernel stores them with release
 * semantics.
 */
struct sysgenid_page {
	__u32 generation;   /* 0: the counter */
	__u32 zero;	    /* 4: always 0 */
	__u32 reserved[14]; /* 8: 0; the counter has its cache line for itself */
	__u32 magic;	    /* 64: SYSGENID_PAGE_MAGIC (not in v7) */
	__u32 version;	    /* 68: SYSGENID_PAGE_VERSION */
	__u32 flags;	    /* 72: SYSGENID_PAGE_F_* */
	/*
	 * 76: the generation for which the kernel's random number generator has been reseeded.
	 * Bytes drawn from getrandom while rng_generation == generation, before and after the draw,
	 * come from a state that no clone of an earlier generation has. Compare for equality only.
	 * Valid with SYSGENID_PAGE_F_RNG.
	 */
	__u32 rng_generation;
	/*
	 * 80: what the hypervisor's VMClock counter was, at least, when this generation began: see
	 * SYSGENID_MAP_VMCLOCK. In the byte order of that page, little-endian. 0 where there is
	 * none.
	 */
	__aligned_u64 vmclock_counter;
	/*
	 * 88: 128 random bits that say who this is: drawn anew for each domain after the reseed
	 * that follows an event, never before. Valid exactly while rng_generation == generation:
	 * load generation, find rng_generation equal to it, load the four words, all with acquire
	 * semantics, and find that generation is still the same number. Generation 0, which follows
	 * no event, has one from the loading of the module, or from when the kernel's generator was
	 * seeded. Two restored copies of one snapshot have the same generation and other
	 * incarnations. It is no secret, since everybody can read it, and no entropy. Valid with
	 * SYSGENID_PAGE_F_INCARNATION. A page in a file ("counter file"), which containers may
	 * share, has the bits of its event there; libsysgenid makes those of each container.
	 */
	__u32 incarnation[SYSGENID_INCARNATION_WORDS];
	/*
	 * 104, 108: only in a page in a file. While resumed == generation, the last event was a
	 * RESUME, and restored is the generation that the last other one has begun; else that is
	 * generation itself. Load generation, resumed, restored, and generation once more. While
	 * these are stored, and if two store at once, a RESUME may look like a restore, and never
	 * a restore like a RESUME. The device has 0 here: it tells SYSGENID_A_RESTORED.
	 */
	__u32 resumed;
	__u32 restored;
};

/*
 * The second page of the device, in pages (not in v7): the hypervisor's VMClock page as
 * <linux/vmclock-abi.h> has it, or zeros where there is none, or no driver for it
 * (sysgenid_vmclock). Map one page at this offset, by a call of its own; the rules are those of the
 * first page. In a container, too: nothing but this device is needed.
 *
 * With it there is no window after the restore of a virtual machine, if the hypervisor moves its
 * counter before the machine's CPUs run. The generation is right with
 *
 *	if (load(vmclock + SYSGENID_VMCLOCK_COUNTER) != load(page->vmclock_counter)) ask;
 *	generation = load(page->generation);
 *
 * with three loads in this order, each with acquire semantics, of 64, 64 and 32 bits. To ask is one
 * system call: read (with O_NONBLOCK), poll, SYSGENID_CMD_GET, or madvise(MADV_DONTNEED) on the
 * second page, which needs no descriptor: the next load of that page has the kernel look. Then
 * compare again; while the two differ the generation has not moved yet. They may differ for longer
 * where the notification is waited for (sync_source=0), so bound the wait. Where the driver came or
 * went after the page was mapped they differ until madvise(), or until the page is mapped anew:
 * what is mapped is the page of before.
 *
 * Compare the two counters with each other only, and never with an older one that the program has
 * kept: another host has another counter. After the restore of a process on another host both
 * belong to that host. What a program has seen is the generation alone; so are acknowledgements,
 * and the numbers in images.
 *
 * Programs that load the first word only (AWS-LC of today) are told when the notification was
 * handled, or when anybody has asked.
 */
#define SYSGENID_MAP_VMCLOCK 1u
#define SYSGENID_VMCLOCK_COUNTER 0x68u /* where in that page the counter is, 64 bits */

#define SYSGENID_PAGE_MAGIC 0x47735953u /* "SYsG" */
#define SYSGENID_PAGE_VERSION 1u
#define SYSGENID_PAGE_F_RNG 0x1u	 /* rng_generation is kept up to date */
#define SYSGENID_PAGE_F_INCARNATION 0x2u /* and so is incarnation */

/*
 * THE VIEW (misc character device, minor SYSGENID_VIEW_MINOR, mode 0444; not in v7)
 *
 * The same generation, as the page of a hypervisor's VMClock (<linux/vmclock-abi.h>), for programs
 * that look for /dev/vmclock0: the node is given to a container in that place. The page is that of
 * the domain of the PID namespace that has opened the node: vm_generation_counter is its
 * generation, whatever has moved it. disruption_marker is the same number, and seq_count twice that
 * number; so who compares any of them with an older one finds another, also on another host.
 * (seq_count has a bit less: two more are added if one move goes exactly 2^31 numbers further. Over
 * several moves that are so far together it may repeat; the other two do not.) The flags say that
 * there is a generation counter, and notifications. There is no clock: counter_id is 0xff, and all
 * fields of time are 0.
 *
 * The kernel stores both words in one critical section. A virtio-rng device stores the generation
 * alone; the view follows in the device's interrupt, or when somebody asks.
 *
 * open     by anybody, for reading.
 * read     and pread: a consistent copy of the page, from the file's position on. Acknowledges the
 *          generation that is in it, unless nothing was left to read.
 * poll     EPOLLIN | EPOLLRDNORM while the file is outdated. Before its first read it is, unless
 *          the generation is 0: a file that was opened after an event, or restored, is readable.
 * mmap     one page at offset 0 (else EINVAL), never writable (EROFS; EACCES by mprotect).
 * ioctl    and fdinfo: as of SYSGENID_DEVICE.
 *
 * Where the module is not loaded, a container can have a regular file of one page with this layout
 * in that place, which belongs to the host (docs/containers.md). Its flags promise no
 * notifications: poll of a regular file always returns at once, so such a program loads the
 * counter, or reads it anew. A writer that was killed leaves seq_count odd until the next event:
 * bound the wait for an even number, and act as after a change then.
 */
#define SYSGENID_VIEW_DEVICE "/dev/sysgenid-vmclock"
#define SYSGENID_VIEW_MINOR 244 /* the module parameter "view_minor" changes it */

/*
 * The ioctls take their argument by value, as an unsigned 32-bit number, for 32-bit and 64-bit
 * programs alike.
 */
#define SYSGENID_IOCTL 0xE4

/*
 * SET_WATCHER_TRACKING: argument 1: count this file as a watcher that SYSGENID_WAIT_WATCHERS waits
 * for; 0: don't. A file starts untracked. The tracking ends with its last descriptor and its last
 * mapping, which holds the file, too: who tracks it, maps it and closes it is waited for after the
 * next event, and can no longer acknowledge. So keep the descriptor, or untrack before closing it.
 * No capability needed. EBADF (not in v7): the file could never acknowledge, since it is not open
 * for writing, or, a view, not for reading.
 */
#define SYSGENID_SET_WATCHER_TRACKING _IO(SYSGENID_IOCTL, 1)

/*
 * WAIT_WATCHERS: argument: time limit in milliseconds, 0 for none, from when an event of the
 * hypervisor's that is under way has moved the generation. Returns 0 as soon as no tracked
 * file is outdated. EINTR: the calling file is outdated or becomes so (acknowledge first and ask
 * again). ETIME: the time is over. A signal with a handler ends a wait that has a time limit with
 * EINTR, and one that has none as SA_RESTART says. No capability needed. Only files of the same
 * domain count. Whoever can open the device there can hold up a wait that has no time limit, by a
 * tracked file that never acknowledges: in the system's domain every user of the host, in a
 * container's its own processes.
 */
#define SYSGENID_WAIT_WATCHERS _IO(SYSGENID_IOCTL, 2)

/*
 * TRIGGER_GEN_UPDATE: argument min_gen. The generation becomes max(current + 1, min_gen), compared
 * unsigned, or more. At 4294967295 it becomes 1 whatever min_gen is. EACCES without
 * CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the user namespace that owns the PID namespace of the
 * file's domain; for the system's that is the initial one, as in v7. The kernel's random number
 * generator is reseeded soon after; rng_generation says when. After a trigger in another domain
 * that may take some ten milliseconds longer, so that a container cannot keep the kernel busy with
 * reseeding.
 */
#define SYSGENID_TRIGGER_GEN_UPDATE _IO(SYSGENID_IOCTL, 3)

/*
 * MARK_OUTDATED (not in v7): argument ignored. The calling file is outdated until it acknowledges
 * the current generation, whether or not it had done so before. For checkpoint tools, which give a
 * restored program its file back. It concerns the caller's own file alone and needs no capability.
 */
#define SYSGENID_MARK_OUTDATED _IO(SYSGENID_IOCTL, 4)

/*
 * GENERIC NETLINK (not in v7)
 *
 * Family SYSGENID_GENL_NAME, reachable from every network namespace and not subject to the device
 * cgroup. Attributes of enum sysgenid_attr. Errors come with an extended-ack text. Reserved fields
 * of the headers must be 0 (else EINVAL, from Linux 6.2 on).
 *
 * SYSGENID_CMD_GET      The reply carries GENERATION, HIGHEST, WATCHERS, OUTDATED, CAUSE, MINOR,
 *                       VIEW_MINOR, DOMAIN, RESTORED, of the caller's own domain, or of
 *                       PIDNS_FD's. No capability needed for one's own, else as for TRIGGER in that
 *                       domain (EPERM). Of a domain that does not exist now the numbers are those
 *                       that it would start with.
 *                       RESTORED tells a process that was restored from one that was dumped and
 *                       goes on: it is another number then. INCARNATION is there once it has been
 *                       drawn for that GENERATION.
 * SYSGENID_CMD_TRIGGER  moves the generation of the system's domain, and so of all; with PIDNS_FD
 *                       of that domain only. Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the
 *                       initial user namespace; with PIDNS_FD in the one that owns the PID
 *                       namespace (else EPERM). Attributes, all optional: MIN_GENERATION as min_gen
 *                       above, CAUSE (RESTORE, RESUME or ADMIN, default ADMIN, else EINVAL), FORCE,
 *                       PIDNS_FD. In the system's domain a MIN_GENERATION more than
 *                       SYSGENID_MAX_JUMP above the highest number ever drawn gives ERANGE and
 *                       moves nothing: the number may come from a hostile image. So does one with
 *                       which all requests since the module was loaded have gone further than
 *                       SYSGENID_MAX_JUMPS. Distances that were gone once are not counted again,
 *                       nor are the first SYSGENID_FREE_JUMP of each request; who goes no further
 *                       is never refused. So honest images can be restored for ever. FORCE lets
 *                       both through. Other domains follow any MIN_GENERATION: they harm only
 *                       themselves. It is answered when the kernel's random number generator *has
 *                       been reseeded*, with GENERATION, DOMAIN and MINOR. EIO: the generation has
 *                       moved but the reseed failed; it is tried again until it succeeds, see
 *                       rng_generation. EBUSY, and nothing has moved: for a second others have
 *                       moved another domain's generation without pause, or a request without the
 *                       initial user namespace's capabilities is not the last one of its buffer. A
 *                       domain that does not exist is not made: there is nobody to tell. The answer
 *                       is the generation that it would start with; the reseed is made all the
 *                       same. For whoever may move the system's domain that is another one than
 *                       before the request, though it may be known there from events of the
 *                       namespace's own. For others a later domain of that namespace may start with
 *                       a number that is known there.
 * SYSGENID_CMD_RESEED   reseeds the kernel's random number generator and moves nothing: for the
 *                       restore of a container whose processes move the domain of their new PID
 *                       namespace themselves. Domains that begin from now on do so above all that
 *                       began before, and not below MIN_GENERATION, so that a process that opens
 *                       the device only now and then sees the restore as well. It counts as an
 *                       event by SYSGENID_CAUSE_RESTORE. Attributes, all optional: MIN_GENERATION
 *                       (ERANGE as for TRIGGER), FORCE. Needs CAP_CHECKPOINT_RESTORE or
 *                       CAP_SYS_ADMIN in the initial user namespace (else EPERM). It is answered
 *                       when the generator is reseeded, with GENERATION and DOMAIN of the system's
 *                       domain and MINOR; EIO: it was not.
 * SYSGENID_CMD_EVENT    multicast in the initial network namespace, with GENERATION, CAUSE and
 *                       DOMAIN, in the order of the changes of a domain: to group
 *                       SYSGENID_GENL_GROUP for every event in the system's domain (the other
 *                       domains, which it reaches, have no messages of their own for it), to group
 *                       SYSGENID_GENL_GROUP_DOMAINS for every event in one other domain. They are
 *                       two so that a container cannot drown the host's events in its own; joining
 *                       the second needs CAP_SYS_ADMIN (EPERM). A receiver that gets ENOBUFS has
 *                       missed some and asks with GET.
 * SYSGENID_CMD_SETTLED  multicast in the initial network namespace, with GENERATION, WATCHERS and
 *                       DOMAIN, when the last of a domain's tracked files that were outdated has
 *                       acknowledged or has gone: to that GENERATION all have adapted. For the
 *                       system's domain to group SYSGENID_GENL_GROUP_SETTLED, for another one to
 *                       SYSGENID_GENL_GROUP_DOMAINS_SETTLED (joining it needs CAP_SYS_ADMIN). It
 *                       comes after the EVENT of that generation, unless that is a device's, which
 *                       may still be on its way. Of a domain at most one comes in 10 ms, and none
 *                       if a file is outdated again by then; but when its last file is closed one
 *                       that is due comes at once, and namespaces are cheap: listeners to other
 *                       domains can be drowned, as with their EVENTs. Nor does one follow an event
 *                       that found no tracked file.
 * SYSGENID_CMD_INCARNATION  multicast in the initial network namespace, with GENERATION,
 *                       INCARNATION and DOMAIN, when that generation of a domain has got its
 *                       incarnation: after the EVENT, unless that is a device's, and the reseed
 *                       that follows it; for other domains than the system's after events of the
 *                       system, too, whose EVENT may come later, and when they begin. For the
 *                       system's domain to group SYSGENID_GENL_GROUP_INCARNATIONS, for another
 *                       one to SYSGENID_GENL_GROUP_DOMAINS_INCARNATIONS (joining it needs
 *                       CAP_SYS_ADMIN).
 *                       A generation that is replaced before its reseed has none. But for events
 *                       of the system, one of a domain comes at most each 10 ms, and none of a
 *                       domain that is gone by then. Listeners to other domains can be drowned all
 *                       the same: namespaces are cheap.
 *
 * PIDNS_FD is a descriptor of the caller's, of /proc/PID/ns/pid or a bind mount of it. EBADF: there
 * is no such descriptor; EINVAL: it is not a PID namespace.
 */
#define SYSGENID_GENL_NAME "sysgenid"
#define SYSGENID_GENL_VERSION 1
#define SYSGENID_GENL_GROUP "events"
#define SYSGENID_GENL_GROUP_DOMAINS "domains"
#define SYSGENID_GENL_GROUP_SETTLED "settled"
#define SYSGENID_GENL_GROUP_DOMAINS_SETTLED "domains-settled"
#define SYSGENID_GENL_GROUP_INCARNATIONS "who"
#define SYSGENID_GENL_GROUP_DOMAINS_INCARNATIONS "domains-who"
#define SYSGENID_MAX_JUMP 0x1000000u /* 16,777,216 restores at once are no honest history */
#define SYSGENID_MAX_JUMPS (16 * SYSGENID_MAX_JUMP) /* in all; not counted: */
#define SYSGENID_FREE_JUMP 1024u		    /* of each request */

enum sysgenid_cmd {
	SYSGENID_CMD_UNSPEC,
	SYSGENID_CMD_GET,
	SYSGENID_CMD_TRIGGER,
	SYSGENID_CMD_EVENT,
	SYSGENID_CMD_RESEED,
	SYSGENID_CMD_SETTLED,
	SYSGENID_CMD_INCARNATION,
	__SYSGENID_CMD_MAX,
};

#define SYSGENID_CMD_MAX (__SYSGENID_CMD_MAX - 1)

enum sysgenid_attr {
	SYSGENID_A_UNSPEC,
	SYSGENID_A_GENERATION,	   /* u32: the generation now, after the event or the trigger */
	SYSGENID_A_MIN_GENERATION, /* u32 */
	SYSGENID_A_CAUSE,	   /* u32: enum sysgenid_cause of the last change */
	SYSGENID_A_FORCE,	   /* flag */
	/* u32: the highest number ever drawn here; a restore elsewhere must end above it */
	SYSGENID_A_HIGHEST,
	SYSGENID_A_WATCHERS,	/* u32: tracked files */
	SYSGENID_A_OUTDATED,	/* u32: tracked files that are outdated */
	SYSGENID_A_MINOR,	/* u32: minor number of the device */
	SYSGENID_A_PIDNS_FD,	/* u32: descriptor of the PID namespace whose domain is meant */
	SYSGENID_A_DOMAIN,	/* u32: inode number of its PID namespace, as of /proc/PID/ns/pid */
	SYSGENID_A_INCARNATION, /* 16 bytes: who that generation is, see struct sysgenid_page */
	/* u32: the generation that the last change has begun whose cause was not RESUME */
	SYSGENID_A_RESTORED,
	SYSGENID_A_VIEW_MINOR, /* u32: minor number of the view; 0: there is none */
	__SYSGENID_A_MAX,
};

#define SYSGENID_A_MAX (__SYSGENID_A_MAX - 1)

/*
 * Why the generation has moved last. New causes are added at the end. If an event of a domain
 * stands for several causes at once, the one with the highest number is told, but RESUME only
 * alone. The order has no other meaning.
 */
enum sysgenid_cause {
	SYSGENID_CAUSE_NONE,	    /* nothing has happened since the module was loaded */
	SYSGENID_CAUSE_IOCTL,	    /* SYSGENID_TRIGGER_GEN_UPDATE */
	SYSGENID_CAUSE_ADMIN,	    /* netlink, by a person or an agent */
	SYSGENID_CAUSE_RESTORE,	    /* netlink, by a checkpoint tool that restores processes */
	SYSGENID_CAUSE_VIRTIO_LEAK, /* a virtio-rng leak queue */
	SYSGENID_CAUSE_VMGENID,	    /* the hypervisor's VM generation ID */
	SYSGENID_CAUSE_KERNEL,	    /* other kernel code */
	SYSGENID_CAUSE_VMCLOCK,	    /* the generation counter of the hypervisor's VMClock */
	/* netlink, by a checkpoint tool: the processes have been dumped, and go on */
	SYSGENID_CAUSE_RESUME,
	__SYSGENID_CAUSE_MAX,
};

#endif /* _UAPI_LINUX_SYSGENID_H */

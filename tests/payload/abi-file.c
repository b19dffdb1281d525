// SPDX-License-Identifier: GPL-2.0-only
/* The node, open, read, write, acknowledging, fdinfo, and calls that are not there. */
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi.h"
#include "device.h"
#include "process.h"
#include "tap.h"

static void *volatile bad_address = (void *)8;

void abi_node(void)
{
	struct stat node;

	must(stat(SYSGENID_DEVICE, &node) == 0);
	tap_ok(S_ISCHR(node.st_mode), "the node is a character device");
	tap_is(major(node.st_rdev), 10, "its major is the one of misc devices");
	tap_is(minor(node.st_rdev), SYSGENID_MINOR, "its minor is SYSGENID_MINOR");
	tap_is(node.st_mode & 07777, 0666, "its mode lets everybody read and write");
}

static int try_open(long flags)
{
	return open(SYSGENID_DEVICE, (int)flags) >= 0 ? 0 : errno;
}

void abi_open(uint32_t first)
{
	int old, new;

	tap_is(generation(), first, "the generation is %u until the first event", first);
	tap_is(as_user(try_open, O_RDWR), 0, "open needs no capability");
	tap_is(as_user(try_open, O_RDONLY), 0, "open for reading alone is possible");
	tap_is(as_user(try_open, O_WRONLY), 0, "open for writing alone is possible");
	old = device_open(O_RDWR);
	tap_ok(!outdated(old), "a file is not outdated when it has just been opened");
	trigger(0);
	tap_ok(outdated(old), "a file is outdated after an event");
	new = device_open(O_RDWR);
	tap_ok(!outdated(new), "open acknowledges the generation that is current then");
	tap_ok(outdated(old), "open acknowledges for the new file alone");
	device_close(old);
	device_close(new);
}

static long read_it(int fd)
{
	return read_generation(fd);
}

static void read_counts(int fd)
{
	unsigned char bytes[16];
	uint32_t value;

	tap_is(read(fd, bytes, 0), 0,
	       "read of 0 bytes returns 0, even when the file is not outdated");
	for (size_t count = 1; count < 4; count++)
		fails(read(fd, bytes, count), EINVAL, "read of %zu bytes gives EINVAL", count);
	trigger(0);
	for (size_t count = 1; count < 4; count++)
		fails(read(fd, bytes, count), EINVAL,
		      "read of %zu bytes gives EINVAL when the file is outdated, too", count);
	tap_is(read(fd, bytes, 0), 0, "read of 0 bytes returns 0 when the file is outdated, too");
	memset(bytes, 0xa5, sizeof(bytes));
	tap_is(read(fd, bytes, sizeof(bytes)), 4, "read of more than 4 bytes returns 4");
	memcpy(&value, bytes, sizeof(value));
	tap_is(value, generation(), "read gives the generation in host byte order");
	tap_is(bytes[4], 0xa5, "read writes 4 bytes and not more");
	fails(read(fd, bad_address, 4), EFAULT, "read to a bad address gives EFAULT");
	tap_ok(outdated(fd), "read does not acknowledge");
	acknowledge_now(fd);
}

static void read_blocks(int fd)
{
	struct sleeper sleeper;
	uint32_t expected;

	sleeper_start(&sleeper, read_it, fd);
	tap_ok(sleeper_asleep(&sleeper), "read blocks while the file is not outdated");
	expected = trigger(0);
	tap_is(sleeper_result(&sleeper), expected,
	       "an event wakes a blocked reader, who gets the generation");
	tap_is(read_generation(fd), expected, "read returns at once while the file is outdated");
	tap_is(read_generation(fd), expected, "and again and again");
	expected = trigger(0);
	tap_is(read_generation(fd), expected,
	       "read gives the current generation and not the missed ones");
	acknowledge_now(fd);
	sleeper_start(&sleeper, read_it, fd);
	tap_ok(sleeper_asleep(&sleeper), "read blocks again after the file has acknowledged");
	sleeper_end(&sleeper);
}

static void on_signal(int number)
{
	(void)number;
}

static long read_with_signal(int fd)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
	return read_generation(fd);
}

void abi_read(void)
{
	int fd = device_open(O_RDWR), other;
	struct sleeper sleeper;

	read_counts(fd);
	read_blocks(fd);
	sleeper_start(&sleeper, read_with_signal, fd);
	must(sleeper_asleep(&sleeper));
	kill(sleeper.pid, SIGUSR1);
	tap_is(sleeper_result(&sleeper), -EINTR, "a signal ends a blocked read with EINTR");
	device_close(fd);

	fd = device_open(O_RDWR | O_NONBLOCK);
	fails(read_generation(fd) < 0 ? -1 : 0, EAGAIN,
	      "O_NONBLOCK: read of a file that is not outdated gives EAGAIN");
	trigger(0);
	tap_is(read_generation(fd), generation(),
	       "O_NONBLOCK: read of an outdated file gives the generation");
	acknowledge_now(fd);
	fails(read_generation(fd) < 0 ? -1 : 0, EAGAIN,
	      "O_NONBLOCK: EAGAIN again after it has acknowledged");
	device_close(fd);

	other = device_open(O_WRONLY);
	fails(read_generation(other) < 0 ? -1 : 0, EBADF, "read needs a file opened for reading");
	device_close(other);
}

void abi_write(void)
{
	static const size_t counts[] = { 0, 1, 3, 5, 8, PAGE };
	int fd = device_open(O_RDWR), reader = device_open(O_RDONLY);
	static uint32_t values[PAGE / 4];
	uint32_t now;

	now = trigger(0);
	values[0] = now;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		fails(write(fd, values, counts[i]), ENOBUFS, "write of %zu bytes gives ENOBUFS",
		      counts[i]);
	tap_is(acknowledge(fd, now - 1), -EINVAL, "write of the generation before gives EINVAL");
	tap_is(acknowledge(fd, now + 1), -EINVAL, "write of a generation to come gives EINVAL");
	tap_is(acknowledge(fd, 0), -EINVAL, "write of 0 gives EINVAL");
	tap_is(acknowledge(fd, ~now), -EINVAL, "write of another number gives EINVAL");
	fails(write(fd, bad_address, 4), EFAULT, "write from a bad address gives EFAULT");
	tap_ok(outdated(fd), "no write that failed has acknowledged");
	fails(write(reader, &now, 4), EBADF, "write needs a file opened for writing");
	tap_ok(outdated(reader), "a file opened for reading alone stays outdated");
	tap_is(write(fd, &now, 4), 4, "write of the current generation returns 4");
	tap_ok(!outdated(fd), "write of the current generation acknowledges");
	tap_is(acknowledge(fd, now), 0, "acknowledging once more is possible");
	trigger(0);
	tap_is(acknowledge(fd, now), -EINVAL,
	       "what was acknowledged before the event is not current after it");
	tap_ok(outdated(fd), "and the file is outdated");
	device_close(fd);
	device_close(reader);
}

static long acknowledge_it(int fd)
{
	return acknowledge(fd, generation());
}

void abi_acknowledge(void)
{
	int fd = device_open(O_RDWR), twin = dup(fd), other = device_open(O_RDWR);
	struct sleeper child;

	trigger(0);
	acknowledge_now(twin);
	tap_ok(!outdated(fd), "an acknowledgement through a duplicate descriptor is the file's");
	tap_ok(outdated(other), "files of separate opens acknowledge separately");
	trigger(0);
	sleeper_start(&child, acknowledge_it, fd);
	tap_is(sleeper_result(&child), 0, "a child acknowledges through the file it has inherited");
	tap_ok(!outdated(fd), "which acknowledges for the parent, too");
	acknowledge_now(other);
	tap_ok(!outdated(other), "the other file acknowledges for itself");
	device_close(fd);
	device_close(twin);
	device_close(other);
}

void abi_other_calls(void)
{
	static const unsigned int requests[] = {
		_IO(SYSGENID_IOCTL, 0), _IO(SYSGENID_IOCTL, 5),	      _IO(SYSGENID_IOCTL, 255),
		_IO(0xE3, 1),		_IOR(SYSGENID_IOCTL, 1, int), _IOW(SYSGENID_IOCTL, 3, int),
		0x5401 /* TCGETS */,	0x541B /* FIONREAD */,
	};
	struct iovec halves[2] = { { .iov_len = 2 }, { .iov_len = 2 } };
	int fd = device_open(O_RDWR);
	uint32_t before, value = 0;

	before = generation();
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		fails(ioctl(fd, requests[i], 1), ENOTTY,
		      "the ioctl 0x%x is not listed and gives ENOTTY", requests[i]);
	tap_ok(!outdated(fd) && generation() == before, "and these have changed nothing");
	fails(lseek(fd, 0, SEEK_SET), ESPIPE, "the file is a stream: lseek gives ESPIPE");
	trigger(0);
	fails(pread(fd, &value, 4, 0), ESPIPE, "the file is a stream: pread gives ESPIPE");
	value = generation();
	fails(pwrite(fd, &value, 4, 0), ESPIPE, "the file is a stream: pwrite gives ESPIPE");
	halves[0].iov_base = &value;
	halves[1].iov_base = (char *)&value + 2;
	fails(writev(fd, halves, 2), ENOBUFS, "4 bytes in two parts are no 4 bytes");
	device_close(fd);
}

void abi_fdinfo(void)
{
	int fd = device_open(O_RDWR);
	uint32_t before = generation(), now;

	tap_is(fdinfo_number(fd, "sysgenid-generation"), before, "fdinfo shows the generation");
	tap_is(fdinfo_number(fd, "sysgenid-acknowledged"), before,
	       "fdinfo shows the acknowledged generation");
	tap_is(fdinfo_number(fd, "sysgenid-outdated"), 0,
	       "fdinfo shows a file that is not outdated");
	tap_is(fdinfo_number(fd, "sysgenid-tracked"), 0, "fdinfo shows a file that is not tracked");
	now = trigger(0);
	must(ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	tap_is(fdinfo_number(fd, "sysgenid-generation"), now,
	       "fdinfo shows the generation after an event");
	tap_is(fdinfo_number(fd, "sysgenid-acknowledged"), before,
	       "fdinfo shows which one the file acknowledged last");
	tap_is(fdinfo_number(fd, "sysgenid-outdated"), 1, "fdinfo shows an outdated file");
	tap_is(fdinfo_number(fd, "sysgenid-tracked"), 1, "fdinfo shows a tracked file");
	/* No device holds numbers in these VMs. */
	tap_is(fdinfo_number(fd, "sysgenid-highest"), now,
	       "fdinfo shows the highest number ever drawn");
	tap_is(fdinfo_number(fd, "sysgenid-domain"), own_namespace(),
	       "fdinfo shows the domain, by the inode number of the PID namespace");
	acknowledge_now(fd);
	must(ioctl(fd, SYSGENID_MARK_OUTDATED, 0) == 0);
	tap_is(fdinfo_number(fd, "sysgenid-acknowledged"), now,
	       "fdinfo of a marked file shows what it acknowledged");
	tap_is(fdinfo_number(fd, "sysgenid-outdated"), 1,
	       "fdinfo of a marked file shows it as outdated");
	device_close(fd);
}

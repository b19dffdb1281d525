/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counter file at criu's own /dev/sysgenid. If criu runs inside a container, there is no
 * registry, and this file is the container's counter file. Only root of criu's own mount namespace
 * can put a file there, so a container cannot make one for the host's criu.
 *
 * A view at criu's own /dev/vmclock0 is only known here, and never raised.
 */
#ifndef SYSGENID_COUNTERFILE_OWN_H
#define SYSGENID_COUNTERFILE_OWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <mounts.h>

enum sysgenid_own {
	SYSGENID_OWN_NOT,  /* there is no file, or the task has nothing to do with it */
	SYSGENID_OWN_SEEN, /* the task could open the file: it is mounted there, too */
	SYSGENID_OWN_USED, /* the task has the file mapped or open */
};

/*
 * Looks for the file and maps it, and looks for the view. To be called before tasks are frozen or
 * restored, since a file system's server may be one of these tasks. Returns 0, also if there is no
 * such file, or -errno.
 */
int sysgenid_own_open(void);
void sysgenid_own_close(void);

bool sysgenid_own_exists(void);
bool sysgenid_own_is(dev_t device, ino_t inode);
bool sysgenid_own_view_is(dev_t device, ino_t inode);
bool sysgenid_own_any(void); /* the file or the view */

/* Does a mount of any task show the file? */
bool sysgenid_own_is_mounted_by(const struct sysgenid_mount *mount);

/* Reads the generation of the file, which must exist. */
uint32_t sysgenid_own_read(void);

/*
 * Has the file, which must exist, begun a generation above mark that is no resume's? Who resumes
 * stores that after the number, and the reseed last: without a reseed the answer is no, where the
 * file tells of reseeds.
 */
bool sysgenid_own_has_moved(uint32_t mark);

/*
 * Raises the file, which must exist, as sysgenid_counterfile_raise() does. Returns 0, -EDOM, or
 * -EROFS if criu has no right to write the file. Sets *generation to the file's generation in each
 * case.
 */
int sysgenid_own_raise(uint32_t mark, unsigned int how, uint32_t *generation);
int sysgenid_own_resume(unsigned int how, uint32_t *generation);

#endif

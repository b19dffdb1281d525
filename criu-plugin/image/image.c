// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cleanup.h>

#include "image.h"
#include "read.h"

#define TEMPORARY_NAME SYSGENID_IMAGE_NAME ".tmp"

static const char magic[8] = { 'S', 'Y', 'S', 'G', 'E', 'N', 'I', 'D' };

static int __attribute__((format(printf, 3, 4)))
fail(struct sysgenid_image_error *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

SysgenidImage *sysgenid_image_new(void)
{
	SysgenidImage *image = malloc(sizeof(*image));

	if (image)
		sysgenid_image__init(image);
	return image;
}

void sysgenid_image_free(SysgenidImage *image)
{
	sysgenid_image__free_unpacked(image, NULL);
}

/* Makes room for one more pointer. Capacities are powers of two and need no field of their own. */
static void *grow(void *array, size_t n)
{
	return n & (n - 1) ? array : realloc(array, (n ? n * 2 : 1) * sizeof(void *));
}

const SysgenidFile *sysgenid_image_find_file(const SysgenidImage *image, uint32_t id)
{
	for (size_t i = 0; i < image->n_files; i++)
		if (image->files[i]->id == id)
			return image->files[i];
	return NULL;
}

int sysgenid_image_add_file(SysgenidImage *image, const SysgenidFile *file)
{
	SysgenidFile **files, *copy;

	if (sysgenid_image_find_file(image, file->id))
		return -EEXIST;
	if (image->n_files >= SYSGENID_IMAGE_MAX_FILES)
		return -E2BIG;
	files = grow(image->files, image->n_files);
	if (!files)
		return -ENOMEM;
	image->files = files;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *file;
	copy->path = strdup(file->path);
	if (!copy->path) {
		free(copy);
		return -ENOMEM;
	}
	image->files[image->n_files++] = copy;
	return 0;
}

bool sysgenid_image_has_mapping(const SysgenidImage *image, const char *path)
{
	for (size_t i = 0; i < image->n_mappings; i++)
		if (!strcmp(image->mappings[i], path))
			return true;
	return false;
}

int sysgenid_image_add_mapping(SysgenidImage *image, const char *path)
{
	char **mappings, *copy;

	if (sysgenid_image_has_mapping(image, path))
		return -EEXIST;
	if (image->n_mappings >= SYSGENID_IMAGE_MAX_MAPPINGS)
		return -E2BIG;
	mappings = grow(image->mappings, image->n_mappings);
	if (!mappings)
		return -ENOMEM;
	image->mappings = mappings;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	image->mappings[image->n_mappings++] = copy;
	return 0;
}

static int add_area(SysgenidRngArea ***areas, size_t *n, const SysgenidRngArea *values)
{
	SysgenidRngArea **grown, *area;

	if (*n >= SYSGENID_IMAGE_MAX_AREAS)
		return -E2BIG;
	grown = grow(*areas, *n);
	if (!grown)
		return -ENOMEM;
	*areas = grown;
	area = malloc(sizeof(*area));
	if (!area)
		return -ENOMEM;
	*area = *values;
	grown[(*n)++] = area;
	return 0;
}

int sysgenid_image_add_rng_area(SysgenidImage *image, pid_t pid, uint64_t start, uint64_t end,
				bool cleared)
{
	SysgenidRngArea area = SYSGENID_RNG_AREA__INIT;

	area.pid = (uint32_t)pid;
	area.start = start;
	area.end = end;
	area.has_cleared = cleared;
	area.cleared = cleared;
	return add_area(&image->rng_areas, &image->n_rng_areas, &area);
}

int sysgenid_image_add_wipe_area(SysgenidImage *image, pid_t pid, uint64_t start, uint64_t end)
{
	SysgenidRngArea area = SYSGENID_RNG_AREA__INIT;

	area.pid = (uint32_t)pid;
	area.start = start;
	area.end = end;
	return add_area(&image->wipe_areas, &image->n_wipe_areas, &area);
}

bool sysgenid_image_has_file_task(const SysgenidImage *image, pid_t pid)
{
	for (size_t i = 0; i < image->n_file_tasks; i++)
		if (image->file_tasks[i] == (uint32_t)pid)
			return true;
	return false;
}

int sysgenid_image_add_file_task(SysgenidImage *image, pid_t pid)
{
	uint32_t *tasks;

	if (sysgenid_image_has_file_task(image, pid))
		return -EEXIST;
	if (image->n_file_tasks >= SYSGENID_IMAGE_MAX_TASKS)
		return -E2BIG;
	/* Room for pointers is room for numbers. */
	tasks = grow(image->file_tasks, image->n_file_tasks);
	if (!tasks)
		return -ENOMEM;
	image->file_tasks = tasks;
	image->file_tasks[image->n_file_tasks++] = (uint32_t)pid;
	return 0;
}

/* Of what has the checksum @before, 0 for nothing, and the data behind it. */
static uint32_t crc32(uint32_t before, const uint8_t *data, size_t size)
{
	uint32_t table[16], crc = ~before;

	for (uint32_t i = 0; i < 16; i++) {
		table[i] = i;
		for (int bit = 0; bit < 4; bit++)
			table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	for (size_t i = 0; i < size; i++) {
		crc = (crc >> 4) ^ table[(crc ^ data[i]) & 15];
		crc = (crc >> 4) ^ table[(crc ^ (data[i] >> 4)) & 15];
	}
	return ~crc;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

int sysgenid_image_encode(const SysgenidImage *image, uint8_t **data, size_t *size)
{
	size_t length = sysgenid_image__get_packed_size(image);
	uint8_t *buffer;

	if (length > SYSGENID_IMAGE_MAX_SIZE)
		return -E2BIG;
	buffer = malloc(SYSGENID_IMAGE_HEADER + length);
	if (!buffer)
		return -ENOMEM;
	sysgenid_image__pack(image, buffer + SYSGENID_IMAGE_HEADER);
	memcpy(buffer, magic, sizeof(magic));
	put_u32(buffer + 8, SYSGENID_IMAGE_VERSION);
	put_u32(buffer + 12, (uint32_t)length);
	put_u32(buffer + 16, crc32(0, buffer + SYSGENID_IMAGE_HEADER, length));
	*data = buffer;
	*size = SYSGENID_IMAGE_HEADER + length;
	return 0;
}

static int check_header(const uint8_t *data, size_t size, struct sysgenid_image_error *error)
{
	uint32_t version, length;

	if (size < SYSGENID_IMAGE_HEADER)
		return fail(error, -EBADMSG,
			    "it is truncated: %zu bytes are less than its header. Copy it again",
			    size);
	if (memcmp(data, magic, sizeof(magic)))
		return fail(error, -EBADMSG,
			    "it does not begin with \"SYSGENID\": another file has its name");
	version = get_u32(data + 8);
	if (version < 1 || version > SYSGENID_IMAGE_VERSION)
		return fail(error, -EBADMSG,
			    "its format has version %u and this plugin knows versions up to %u "
			    "only. Install the plugin that made the image",
			    version, SYSGENID_IMAGE_VERSION);
	length = get_u32(data + 12);
	if (length > SYSGENID_IMAGE_MAX_SIZE)
		return fail(error, -EBADMSG, "its message has %u bytes, more than the %u allowed",
			    length, SYSGENID_IMAGE_MAX_SIZE);
	if (length > size - SYSGENID_IMAGE_HEADER)
		return fail(
			error, -EBADMSG,
			"it is truncated: %zu of %u bytes of its message are there. Copy it again",
			size - SYSGENID_IMAGE_HEADER, length);
	if (length < size - SYSGENID_IMAGE_HEADER)
		return fail(error, -EBADMSG, "something follows its message. Copy it again");
	if (crc32(0, data + SYSGENID_IMAGE_HEADER, length) != get_u32(data + 16))
		return fail(error, -EBADMSG,
			    "its checksum is wrong: it was damaged. Copy it again");
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int check_path(const char *path, struct sysgenid_image_error *error)
{
	if (path[0] != '/')
		return fail(error, -EBADMSG, "a path in it is not absolute");
	if (strlen(path) >= PATH_MAX)
		return fail(error, -EBADMSG, "a path in it is longer than %d bytes", PATH_MAX - 1);
	return 0;
}

static int check_files(const SysgenidImage *image, struct sysgenid_image_error *error)
{
	cleanup_free uint32_t *ids = NULL;
	int result;

	if (image->n_files > SYSGENID_IMAGE_MAX_FILES)
		return fail(error, -EBADMSG, "it has %zu files, more than the %u allowed",
			    image->n_files, SYSGENID_IMAGE_MAX_FILES);
	ids = malloc((image->n_files + 1) * sizeof(*ids));
	if (!ids)
		return fail(error, -ENOMEM, "no memory to check it");
	for (size_t i = 0; i < image->n_files; i++) {
		ids[i] = image->files[i]->id;
		result = check_path(image->files[i]->path, error);
		if (result)
			return result;
	}
	qsort(ids, image->n_files, sizeof(*ids), compare_ids);
	for (size_t i = 1; i < image->n_files; i++)
		if (ids[i] == ids[i - 1])
			return fail(error, -EBADMSG, "it has two files with the number %u", ids[i]);
	return 0;
}

static int compare_areas(const void *a, const void *b)
{
	const SysgenidRngArea *x = *(SysgenidRngArea *const *)a, *y = *(SysgenidRngArea *const *)b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* What is not clear yet first: a restore looks for nothing else. */
static int compare_order(const void *a, const void *b)
{
	const SysgenidRngArea *x = *(SysgenidRngArea *const *)a, *y = *(SysgenidRngArea *const *)b;

	return x->cleared != y->cleared ? x->cleared - y->cleared : compare_areas(a, b);
}

/* They were mappings. */
static int check_overlap(SysgenidRngArea **areas, size_t n, struct sysgenid_image_error *error)
{
	if (n)
		qsort(areas, n, sizeof(*areas), compare_areas);
	for (size_t i = 1; i < n; i++)
		if (areas[i]->pid == areas[i - 1]->pid && areas[i]->start < areas[i - 1]->end)
			return fail(error, -EBADMSG, "areas of memory in it overlap");
	return 0;
}

/* ... and brings them into the order that sysgenid_areas_clear() needs. */
static int check_areas(SysgenidRngArea **areas, size_t n, struct sysgenid_image_error *error)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int result;

	if (n > SYSGENID_IMAGE_MAX_AREAS)
		return fail(error, -EBADMSG, "it has %zu areas of memory, more than the %u allowed",
			    n, SYSGENID_IMAGE_MAX_AREAS);
	for (size_t i = 0; i < n; i++) {
		const SysgenidRngArea *area = areas[i];

		if (!area->pid || area->pid > INT_MAX || area->start >= area->end ||
		    area->end > INT64_MAX || area->start % page || area->end % page)
			return fail(error, -EBADMSG, "an area of memory in it is impossible");
	}
	result = check_overlap(areas, n, error);
	if (!result && n)
		qsort(areas, n, sizeof(*areas), compare_order);
	return result;
}

static int check_memory(const SysgenidImage *image, struct sysgenid_image_error *error)
{
	int result;

	if (image->n_mappings > SYSGENID_IMAGE_MAX_MAPPINGS)
		return fail(error, -EBADMSG, "it has %zu mapped paths, more than the %u allowed",
			    image->n_mappings, SYSGENID_IMAGE_MAX_MAPPINGS);
	for (size_t i = 0; i < image->n_mappings; i++) {
		result = check_path(image->mappings[i], error);
		if (result)
			return result;
	}
	result = check_areas(image->rng_areas, image->n_rng_areas, error);
	if (result)
		return result;
	return check_areas(image->wipe_areas, image->n_wipe_areas, error);
}

static int check_content(const SysgenidImage *image, struct sysgenid_image_error *error)
{
	int result;

	if (image->counter_required && !image->has_mark)
		return fail(error, -EBADMSG,
			    "it requires the counter and does not say how far that had got");
	if (!image->counter_required && (image->n_files || image->n_mappings))
		return fail(error, -EBADMSG,
			    "it has files or mappings of the counter and says that it needs none");
	if (image->system_wide && !image->counter_required)
		return fail(error, -EBADMSG,
			    "it wants the system's counter and says that it needs none");
	if (image->n_file_tasks > SYSGENID_IMAGE_MAX_TASKS ||
	    (image->n_file_tasks && !image->has_file_mark))
		return fail(error, -EBADMSG,
			    "it has tasks with the counter in a file and does not say how far that "
			    "had got");
	if (image->boot_id && strlen(image->boot_id) > 64)
		return fail(error, -EBADMSG, "the boot ID in it is none");
	if (image->dump_id && strlen(image->dump_id) != SYSGENID_IMAGE_DUMP_ID)
		return fail(error, -EBADMSG, "the dump's ID in it is none");
	if (image->has_dump_clocks && image->dump_clocks.len > SYSGENID_IMAGE_MAX_CLOCKS)
		return fail(error, -EBADMSG, "the dump's clocks in it are none");
	result = check_files(image, error);
	if (result)
		return result;
	return check_memory(image, error);
}

int sysgenid_image_decode(const uint8_t *data, size_t size, SysgenidImage **image,
			  struct sysgenid_image_error *error)
{
	SysgenidImage *found;
	int result;

	result = check_header(data, size, error);
	if (result)
		return result;
	found = sysgenid_image__unpack(NULL, size - SYSGENID_IMAGE_HEADER,
				       data + SYSGENID_IMAGE_HEADER);
	if (!found)
		return fail(error, -EBADMSG, "its message cannot be decoded");
	result = check_content(found, error);
	if (result) {
		sysgenid_image_free(found);
		return result;
	}
	*image = found;
	return 0;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/*
 * Renaming makes the change atomic for everyone who looks while this machine runs. Nothing is
 * flushed to the disk: criu flushes none of its images either, one without the others is of no
 * use, and what a power failure leaves of this one is recognised by its length and checksum.
 */
int sysgenid_image_write(const SysgenidImage *image, int directory)
{
	cleanup_free uint8_t *data = NULL;
	size_t size;
	int fd, error;

	error = sysgenid_image_encode(image, &data, &size);
	if (error)
		return error;
	if (unlinkat(directory, TEMPORARY_NAME, 0) && errno != ENOENT)
		return -errno;
	fd = openat(directory, TEMPORARY_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = write_all(fd, data, size);
	if (close(fd) && !error)
		error = -errno;
	if (!error && renameat(directory, TEMPORARY_NAME, directory, SYSGENID_IMAGE_NAME))
		error = -errno;
	if (error)
		unlinkat(directory, TEMPORARY_NAME, 0);
	return error;
}

/*
 * Makes a message of what is not written yet. protobuf reads messages in a row as one, with all
 * elements and the last values.
 */
static SysgenidImage rest_of(const SysgenidImage *image, const struct sysgenid_image_lists *written)
{
	SysgenidImage rest = *image;

	rest.boot_id = NULL;
	rest.dump_id = NULL;
	rest.files += written->files;
	rest.n_files -= written->files;
	rest.mappings += written->mappings;
	rest.n_mappings -= written->mappings;
	rest.rng_areas += written->rng_areas;
	rest.n_rng_areas -= written->rng_areas;
	rest.wipe_areas += written->wipe_areas;
	rest.n_wipe_areas -= written->wipe_areas;
	rest.file_tasks += written->file_tasks;
	rest.n_file_tasks -= written->file_tasks;
	return rest;
}

struct sysgenid_image_lists sysgenid_image_lists(const SysgenidImage *image)
{
	return (struct sysgenid_image_lists){
		.files = image->n_files,
		.mappings = image->n_mappings,
		.rng_areas = image->n_rng_areas,
		.wipe_areas = image->n_wipe_areas,
		.file_tasks = image->n_file_tasks,
	};
}

/* The header comes last: until it tells of the whole message the image is refused. */
static int append_message(int fd, const uint8_t *message, uint32_t size)
{
	uint8_t header[SYSGENID_IMAGE_HEADER];
	struct stat stat;
	uint32_t length;

	if (fstat(fd, &stat) || pread(fd, header, sizeof(header), 0) != sizeof(header))
		return -EIO;
	length = get_u32(header + 12);
	if (stat.st_size != (off_t)sizeof(header) + length)
		return -EBADMSG;
	if ((uint64_t)length + size > SYSGENID_IMAGE_MAX_SIZE)
		return -E2BIG;
	put_u32(header + 12, length + size);
	put_u32(header + 16, crc32(get_u32(header + 16), message, size));
	if (pwrite(fd, message, size, stat.st_size) != (ssize_t)size)
		return -EIO;
	return pwrite(fd, header, sizeof(header), 0) == sizeof(header) ? 0 : -EIO;
}

int sysgenid_image_append(const SysgenidImage *image, const struct sysgenid_image_lists *written,
			  int directory)
{
	const SysgenidImage rest = rest_of(image, written);
	size_t size = sysgenid_image__get_packed_size(&rest);
	cleanup_free uint8_t *message = NULL;
	cleanup_close int fd = -1;

	if (size > SYSGENID_IMAGE_MAX_SIZE)
		return -E2BIG;
	message = malloc(size);
	if (!message)
		return -ENOMEM;
	sysgenid_image__pack(&rest, message);
	fd = openat(directory, SYSGENID_IMAGE_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : append_message(fd, message, (uint32_t)size);
}

int sysgenid_image_read(int directory, SysgenidImage **image, struct sysgenid_image_error *error)
{
	cleanup_free uint8_t *data = NULL;
	cleanup_close int fd = -1;
	struct stat stat;
	ssize_t size;

	/* Images come from anywhere: a link or a device of that name must not even be opened. */
	if (!fstatat(directory, SYSGENID_IMAGE_NAME, &stat, AT_SYMLINK_NOFOLLOW) &&
	    !S_ISREG(stat.st_mode))
		return fail(error, -EBADMSG, "it is not a regular file");
	fd = openat(directory, SYSGENID_IMAGE_NAME,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return fail(error, -errno, "it cannot be opened: %s", strerror(errno));
	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode))
		return fail(error, -EBADMSG, "it is not a regular file");
	if (stat.st_size > (off_t)(SYSGENID_IMAGE_HEADER + SYSGENID_IMAGE_MAX_SIZE))
		return fail(error, -EBADMSG, "it has %lld bytes, more than the %u allowed",
			    (long long)stat.st_size,
			    SYSGENID_IMAGE_HEADER + SYSGENID_IMAGE_MAX_SIZE);
	data = malloc((size_t)stat.st_size + 1);
	if (!data)
		return fail(error, -ENOMEM, "no memory to read it");
	size = sysgenid_read_all(fd, data, (size_t)stat.st_size);
	if (size < 0)
		return fail(error, (int)size, "it cannot be read: %s", strerror((int)-size));
	return sysgenid_image_decode(data, (size_t)size, image, error);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysgenid.img as bytes: what was encoded can be decoded. A damaged image is refused and crashes
 * nothing.
 */
#include <errno.h>

#include "image-sample.h"
#include "tap.h"

/* Encodes the image, frees it, and expects the decoder to refuse the data with this message. */
static void refused(SysgenidImage *image, const char *message, const char *name)
{
	struct sysgenid_image_error error = { "" };
	SysgenidImage *back = NULL;
	uint8_t *data;
	size_t size;

	encode(image, &data, &size);
	sysgenid_image_free(image);
	if (sysgenid_image_decode(data, size, &back, &error) != -EBADMSG)
		snprintf(error.text, sizeof(error.text), "(was accepted)");
	contains(error.text, message, name);
	if (back)
		sysgenid_image_free(back);
	free(data);
}

/* Decodes data with a damaged header or length, and no new checksum, and expects a refusal. */
static void damaged(const uint8_t *data, size_t size, const char *message, const char *name)
{
	struct sysgenid_image_error error = { "" };
	SysgenidImage *back = NULL;

	if (sysgenid_image_decode(data, size, &back, &error) != -EBADMSG)
		snprintf(error.text, sizeof(error.text), "(was accepted)");
	contains(error.text, message, name);
	if (back)
		sysgenid_image_free(back);
}

static void test_adding(void)
{
	SysgenidImage *image = sample();
	SysgenidFile file = SYSGENID_FILE__INIT;
	int error = 0;

	file.id = 5;
	file.path = "/dev/other";
	ok(sysgenid_image_add_file(image, &file) == -EEXIST, "a file has its number for itself");
	ok(sysgenid_image_add_mapping(image, "/dev/sysgenid", false) == -EEXIST,
	   "a mapped path is stored once");
	ok(sysgenid_image_find_file(image, 3) && !sysgenid_image_find_file(image, 6),
	   "files are found by number");
	for (file.id = 6; !error && file.id <= SYSGENID_IMAGE_MAX_FILES; file.id++)
		error = sysgenid_image_add_file(image, &file);
	ok(!error && sysgenid_image_add_file(image, &file) == -E2BIG,
	   "%u files are stored and no more", SYSGENID_IMAGE_MAX_FILES);
	sysgenid_image_free(image);
}

static void test_round_trip(void)
{
	struct sysgenid_image_error error = { "" };
	SysgenidImage *image = sample(), *back = NULL;
	uint8_t *data, *again;
	size_t size, size_again;

	encode(image, &data, &size);
	if (!ok(sysgenid_image_decode(data, size, &back, &error) == 0, "an image is decoded")) {
		printf("# %s\n", error.text);
		return;
	}
	ok(back->counter_required && back->has_mark && back->mark == 4711, "mark and requirement");
	ok(back->n_files == 5 && back->files[2]->id == 3 && back->files[2]->tracked &&
		   back->files[2]->outdated && back->files[2]->acknowledged == 103 &&
		   back->files[2]->flags == (O_RDWR | O_NONBLOCK) &&
		   !strcmp(back->files[2]->path, "/chroot/dev/sysgenid"),
	   "files with all their state");
	ok(back->n_mappings == 1 && back->n_rng_areas == 9 && back->rng_areas[8]->pid == 15 &&
		   !back->rng_areas[7]->cleared && back->rng_areas[8]->cleared,
	   "mappings and areas");
	encode(back, &again, &size_again);
	ok(size == size_again && !memcmp(data, again, size), "encoded again it is the same");
	free(data);
	free(again);
	sysgenid_image_free(image);
	sysgenid_image_free(back);
}

static void test_header(void)
{
	SysgenidImage *image = sample();
	uint8_t *data;
	size_t size;

	encode(image, &data, &size);
	sysgenid_image_free(image);
	damaged(data, 0, "truncated", "an empty file is truncated");
	damaged(data, 19, "less than its header", "less than a header is truncated");
	damaged(data, size - 1, "truncated", "an image without its last byte is truncated");
	data[0] ^= 1;
	damaged(data, size, "does not begin with", "another magic is another file");
	data[0] ^= 1;
	data[8] = 3;
	damaged(data, size, "version 3", "a newer version is named");
	data[8] = 0;
	damaged(data, size, "version 0", "version 0 is none");
	data[8] = 2;
	data[12] -= 1;
	damaged(data, size, "follows its message", "bytes after the message");
	data[15] = 0xff;
	damaged(data, size, "more than the", "a length of 4 GB");
	data[15] = 0;
	data[12] += 1;
	data[size - 1] ^= 0x40;
	damaged(data, size, "checksum", "a flipped bit is found by the checksum");
	free(data);
}

static void test_content(void)
{
	SysgenidImage *image;

	image = sample();
	image->has_mark = false;
	refused(image, "no mark of how far", "required without a mark");
	image = sample();
	image->has_system_mark = true;
	image->system_mark = image->mark + 1;
	refused(image, "above its mark", "a mark of the machine that is above the mark of all");
	image = sample();
	image->n_file_tasks = 0;
	refused(image, "tasks with a counter file", "a task with a view and without a file");
	image = sample();
	image->counter_required = false;
	refused(image, "says that it needs none", "files in an image that requires nothing");
	image = sample();
	image->files[4]->id = 1;
	refused(image, "two files with the number 1", "two files of one number");
	image = sample();
	image->files[1]->path[0] = 'x';
	refused(image, "not absolute", "a relative path of a file");
	image = sample();
	image->mappings[0][0] = '.';
	refused(image, "not absolute", "a relative path of a mapping");
	image = sample();
	sysgenid_image_add_mapping(image, "/dev/vmclock0", true);
	strcpy(image->views[0], "/dev/vmclock1");
	refused(image, "not among its mapped paths", "a view that is not mapped");
	image = sample();
	free(image->files[1]->path);
	image->files[1]->path = malloc(5001);
	memset(image->files[1]->path, '/', 5000);
	image->files[1]->path[5000] = '\0';
	refused(image, "longer than", "a path longer than PATH_MAX");
	image = sample();
	image->rng_areas[3]->start = image->rng_areas[3]->end;
	refused(image, "impossible", "an empty area");
	image = sample();
	image->rng_areas[3]->start += 1;
	refused(image, "impossible", "an area that does not begin with a page");
	image = sample();
	image->rng_areas[3]->pid = 0;
	refused(image, "impossible", "an area of no task");
	image = sample();
	image->rng_areas[3]->pid = image->rng_areas[8]->pid;
	refused(image, "overlap", "an area twice");
	image = sample();
	image->rng_areas[8]->pid = image->rng_areas[3]->pid;
	image->rng_areas[8]->start -= 4096;
	image->rng_areas[8]->end = image->rng_areas[3]->start + 4096;
	refused(image, "overlap", "areas of a task that overlap");
}

/* Sets a new checksum, so that the damaged message gets to the protobuf decoder. */
static void seal(uint8_t *data, size_t size)
{
	uint32_t crc = ~0u, length = (uint32_t)(size - SYSGENID_IMAGE_HEADER);

	for (size_t i = SYSGENID_IMAGE_HEADER; i < size; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
	}
	crc = ~crc;
	for (int i = 0; i < 4; i++) {
		data[12 + i] = (uint8_t)(length >> (8 * i));
		data[16 + i] = (uint8_t)(crc >> (8 * i));
	}
}

/* Fills an image with as much as a dump can store. */
static SysgenidImage *largest(void)
{
	SysgenidImage *image = sample();
	SysgenidFile file = SYSGENID_FILE__INIT;
	char path[800] = { 0 };

	memset(path, '/', sizeof(path) - 1);
	file.path = path;
	for (file.id = 6; file.id <= SYSGENID_IMAGE_MAX_FILES; file.id++)
		if (sysgenid_image_add_file(image, &file))
			abort();
	for (pid_t pid = 6; pid <= (pid_t)SYSGENID_IMAGE_MAX_TASKS; pid++)
		if (sysgenid_image_add_file_task(image, pid))
			abort();
	for (pid_t pid = 100; image->n_rng_areas < SYSGENID_IMAGE_MAX_AREAS; pid++)
		if (sysgenid_image_add_rng_area(image, pid, 4096, 8192, false) ||
		    sysgenid_image_add_wipe_area(image, pid, 4096, 8192))
			abort();
	return image;
}

/* 16 MB of empty paths are small in the file, and large in memory. */
static void test_memory(void)
{
	struct sysgenid_image_error error = { "" };
	SysgenidImage *image = largest(), *back = NULL;
	static uint8_t forged[SYSGENID_IMAGE_HEADER + SYSGENID_IMAGE_MAX_SIZE];
	uint8_t *data;
	size_t size;

	encode(image, &data, &size);
	sysgenid_image_free(image);
	if (ok(!sysgenid_image_decode(data, size, &back, &error) && size > 14u << 20,
	       "an image with all that can be stored is decoded"))
		sysgenid_image_free(back);
	else
		printf("# %zu bytes: %s\n", size, error.text);
	memcpy(forged, data, SYSGENID_IMAGE_HEADER);
	free(data);
	/* Field 4 is a mapped path, here one without a byte; field 1 comes first. */
	for (size_t i = SYSGENID_IMAGE_HEADER; i < sizeof(forged); i += 2)
		memcpy(forged + i, i == SYSGENID_IMAGE_HEADER ? "\x08\x00" : "\x22\x00", 2);
	seal(forged, sizeof(forged));
	damaged(forged, sizeof(forged), "bytes of memory allowed",
		"one with millions of empty elements takes no more memory than that");
}

static bool survives(const uint8_t *data, size_t size)
{
	struct sysgenid_image_error error = { "" };
	SysgenidImage *back = NULL;
	int result = sysgenid_image_decode(data, size, &back, &error);

	if (back)
		sysgenid_image_free(back);
	/* The decoder must return either an image or an error with a message. */
	return result ? error.text[0] != '\0' : back != NULL;
}

static void test_fuzz(void)
{
	SysgenidImage *image = sample();
	bool good = true;
	uint8_t *data, *copy;
	size_t size, crc_caught = 0;

	srandom(20211);
	encode(image, &data, &size);
	sysgenid_image_free(image);
	for (size_t cut = 0; cut < size; cut++) {
		/* The copy has the exact size, so that a sanitizer reports a read past its end. */
		copy = malloc(cut ? cut : 1);
		memcpy(copy, data, cut);
		good &= survives(copy, cut);
		if (cut >= SYSGENID_IMAGE_HEADER) {
			seal(copy, cut);
			good &= survives(copy, cut);
		}
		free(copy);
	}
	ok(good, "cut at each byte, with and without a right checksum, it never crashes");
	copy = malloc(size);
	for (size_t bit = 0; bit < size * 8; bit++) {
		struct sysgenid_image_error error = { "" };
		SysgenidImage *back = NULL;

		memcpy(copy, data, size);
		copy[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		if (sysgenid_image_decode(copy, size, &back, &error) == -EBADMSG)
			crc_caught++;
		else
			sysgenid_image_free(back);
	}
	ok(crc_caught == size * 8, "each single flipped bit is refused (%zu of %zu)", crc_caught,
	   size * 8);
	for (int round = 0; round < 20000; round++) {
		memcpy(copy, data, size);
		for (long n = random() % 8; n >= 0; n--)
			copy[SYSGENID_IMAGE_HEADER +
			     (size_t)random() % (size - SYSGENID_IMAGE_HEADER)] = (uint8_t)random();
		seal(copy, size);
		good &= survives(copy, size);
	}
	ok(good, "20000 damaged messages with right checksums never crash");
	free(copy);
	free(data);
}

int main(void)
{
	test_adding();
	test_round_trip();
	test_header();
	test_content();
	test_memory();
	test_fuzz();
	return done_testing();
}

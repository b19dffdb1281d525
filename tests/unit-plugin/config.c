// SPDX-License-Identifier: GPL-2.0-only
/* The switches: valid lines of the file take effect, faulty lines are reported and ignored. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "config.h"
#include "criu_abi.h"
#include "messages.h"
#include "tap.h"

static struct sysgenid_config parse(const char *text)
{
	struct sysgenid_config config;
	char *copy = strdup(text);

	forget_messages();
	sysgenid_config_parse(copy, strlen(copy), "criu.conf", &config);
	free(copy);
	return config;
}

static void test_parser(void)
{
	struct sysgenid_config config;

	config = parse("# nothing\n\n   \n");
	ok(!config.strict && !config.bump_after_dump && !config.follow_any_mark && !config.faulty,
	   "without lines all switches are off");
	config = parse("strict = yes\nbump-after-dump=yes # why\n\tfollow-any-mark  =  yes");
	ok(config.strict && config.bump_after_dump && config.follow_any_mark && !config.faulty &&
		   !messages[0],
	   "each switch can be set, with and without blanks, comment and last newline");
	config = parse("strict = yes\nstrict = no\n");
	ok(!config.strict && !config.faulty, "the last line counts");
	config = parse("strict = yes\nstrickt = yes\n");
	ok(config.strict && config.faulty, "an unknown key does not unset others");
	contains(messages,
		 "sysgenid: criu.conf, line 2 is ignored: no such switch; there are strict",
		 "... and the message names file, line and the switches there are");
	ok(!strncmp(messages, "Warn  (config.c:", 16), "... in the form of criu's own warnings");
	config = parse("bump-after-dump = maybe\n");
	ok(!config.bump_after_dump && config.faulty, "a bad value leaves the default");
	contains(messages, "line 1 is ignored: the value must be yes or no",
		 "... and is explained");
	config = parse("strict = yess\n");
	ok(config.strict && config.faulty, "a bad value of strict is no reason to be lax");
	config = parse("strict\n");
	ok(config.strict && config.faulty, "so a missing one");
	config = parse("follow-any-mark\n");
	ok(!config.follow_any_mark && config.faulty, "a key without a value is no switch");
	contains(messages, "write it as \"key = value\"", "... and is explained");
}

/* The escaped text is a file name here; other messages contain a container's paths. */
static void test_log(void)
{
	static const char name[] = "a\nError (files.c:1): sysgenid: b\x1b[2J\xff";
	struct sysgenid_config config;
	char text[] = "strickt = yes";

	forget_messages();
	sysgenid_config_parse(text, strlen(text), name, &config);
	contains(messages, "a\\x0aError (files.c:1): sysgenid: b\\x1b[2J\\xff, line 1",
		 "what is no printable text is escaped in the log");
	ok(strchr(messages, '\n') == messages + strlen(messages) - 1,
	   "... so that a message is one line");
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
	chmod(path, mode);
}

static struct sysgenid_config read_file(const char *path)
{
	struct sysgenid_config config;

	forget_messages();
	sysgenid_config_read(path, &config);
	return config;
}

static bool is_unusable(const char *path)
{
	struct sysgenid_config config = read_file(path);

	return config.unusable && !config.follow_any_mark && config.wipe_on_fork;
}

/* Lets user 1 write by an ACL: the owner, user 1, the owner's group, the mask, and all others. */
static bool share(const char *path)
{
	const struct {
		uint32_t version;
		struct {
			uint16_t tag, rights;
			uint32_t id;
		} entries[5];
	} acl = { 2,
		  { { 0x01, 6, -1u },
		    { 0x02, 6, 1 },
		    { 0x04, 4, -1u },
		    { 0x10, 6, -1u },
		    { 0x20, 4, -1u } } };

	return !setxattr(path, "system.posix_acl_access", &acl, sizeof(acl), 0);
}

static void test_acl(const char *path)
{
	if (!share(path)) {
		skip("a file that an ACL lets another user write", "/tmp has no ACLs");
		return;
	}
	ok(is_unusable(path), "so one that an ACL lets another user write");
	removexattr(path, "system.posix_acl_access");
	chmod(path, 0644);
	ok(read_file(path).strict, "control: without the ACL it is used");
}

/* A file with strict = yes that becomes unusable must not make restores less strict. */
static void test_owner(const char *directory, const char *path)
{
	write_file(path, "strict = yes\nfollow-any-mark = yes\n", 0644);
	ok(read_file(path).strict && read_file(path).follow_any_mark && !messages[0],
	   "root's own file is used");
	chmod(path, 0664);
	ok(is_unusable(path), "a file that a group can write is neither used nor taken for none");
	contains(messages, "belongs to root", "... and the message says what is wrong");
	chmod(path, 0666);
	ok(is_unusable(path), "so one that anybody can write");
	chmod(path, 0644);
	test_acl(path);
	if (chown(path, 1, 0))
		abort();
	ok(is_unusable(path), "so one of another user");
	if (chown(path, 0, 0) || chmod(directory, 0775))
		abort();
	ok(is_unusable(path), "so one in a folder that a group can write");
	contains(messages, "the folder must belong to root", "... and the message says that");
	unlink(path);
	ok(is_unusable(path), "... where it may have been removed");
	chmod(directory, 0700);
}

static void test_file(void)
{
	char directory[] = "/tmp/sysgenid-config-XXXXXX", path[64];

	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/criu.conf", directory);
	ok(!read_file(path).faulty && !read_file(path).unusable && !messages[0],
	   "no file is no reason for a message");
	if (symlink("criu.conf", path))
		abort();
	ok(read_file(path).unusable, "a file that cannot be opened is not taken for none");
	contains(messages, "cannot open ", "... and the message says why");
	unlink(path);
	if (geteuid())
		skip("the file of root is used, others are not", "needs root");
	else
		test_owner(directory, path);
	unlink(path);
	ok(read_file("/proc/self").unusable && messages[0], "a directory is no file");
	rmdir(directory);
}

/* The installed sample file must change no default and name only switches that the plugin knows. */
static void test_sample(const char *path)
{
	struct sysgenid_config config;
	FILE *file = fopen(path, "r");
	char line[256], text[65536];
	int commented = 0;
	size_t size;

	ok(file != NULL, "the sample is there");
	if (!file)
		return;
	size = fread(text, 1, sizeof(text) - 1, file);
	forget_messages();
	sysgenid_config_parse(text, size, path, &config);
	ok(size && !config.strict && !config.bump_after_dump && !config.follow_any_mark &&
		   !config.wipe_on_fork && !messages[0],
	   "the installed sample changes nothing");
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] != '#' || line[1] == ' ' || line[1] == '\n')
			continue;
		config = parse(line + 1);
		commented += !config.faulty;
	}
	ok(commented == 4, "each of its commented switches is one that the plugin knows");
	fclose(file);
}

int main(void)
{
	test_parser();
	test_log();
	test_file();
	test_sample(SAMPLE);
	return done_testing();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program of the demo: hands out random tokens over a Unix socket, as session servers do.
 *
 *	token-server serve SOCKET	serve until killed
 *	token-server ask SOCKET N	print N answers, "RAND_bytes getrandom generation" a line
 *
 * Its random bytes come from OpenSSL's generator, whose state is in this process's own memory: two
 * restores of one checkpoint go on from the same state. It needs three lines to be safe, in
 * answer().
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <libsysgenid.h>

#define TOKEN_BYTES 8

static int fail(const char *what, const char *on)
{
	fprintf(stderr, "token-server: %s %s: %s\n", what, on, strerror(errno));
	return 1;
}

static int socket_address(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address->sun_path, path);
	return 0;
}

/* New entropy from the kernel for all generators that OpenSSL keeps for this thread. */
static bool reseed_openssl(void)
{
	EVP_RAND_CTX *chain[] = { RAND_get0_primary(NULL), RAND_get0_public(NULL),
				  RAND_get0_private(NULL) };

	for (size_t i = 0; i < sizeof(chain) / sizeof(chain[0]); i++) {
		if (!chain[i] || !EVP_RAND_reseed(chain[i], 0, NULL, 0, NULL, 0))
			return false;
	}
	return true;
}

static void print_hex(FILE *out, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%02x", bytes[i]);
}

static bool answer(FILE *out, const struct sysgenid *id, uint32_t *seen)
{
	unsigned char from_openssl[TOKEN_BYTES], from_libc[TOKEN_BYTES];

	/* These three lines are all that it takes. */
	if (id && sysgenid_changed(id, seen))
		if (!reseed_openssl())
			return false;

	if (RAND_bytes(from_openssl, sizeof(from_openssl)) != 1 ||
	    getrandom(from_libc, sizeof(from_libc), 0) != sizeof(from_libc))
		return false;
	print_hex(out, from_openssl, sizeof(from_openssl));
	fputc(' ', out);
	print_hex(out, from_libc, sizeof(from_libc));
	fprintf(out, " %u\n", id ? *seen : 0);
	return fflush(out) == 0;
}

static int serve(const char *path)
{
	struct sysgenid *id = NULL;
	struct sockaddr_un address;
	uint32_t seen = 0;
	int listener;

	if (sysgenid_open(&id, NULL, 0) == 0)
		seen = sysgenid_generation(id);
	if (socket_address(path, &address))
		return fail("cannot listen on", path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 8))
		return fail("cannot listen on", path);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		FILE *out;

		if (fd < 0 && errno == EINTR)
			continue;
		out = fd < 0 ? NULL : fdopen(fd, "w");
		if (!out)
			return fail("cannot serve on", path);
		if (!answer(out, id, &seen))
			fprintf(stderr, "token-server: no token: %s\n",
				ERR_error_string(ERR_get_error(), NULL));
		fclose(out);
	}
}

static int ask(const char *path, int n)
{
	struct sockaddr_un address;
	char line[128];

	if (socket_address(path, &address))
		return fail("cannot ask", path);
	while (n-- > 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		FILE *in;

		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fail("cannot ask", path);
		in = fdopen(fd, "r");
		if (!in || !fgets(line, sizeof(line), in))
			return fail("no answer from", path);
		fputs(line, stdout);
		fclose(in);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "ask"))
		return ask(argv[2], atoi(argv[3]));
	fprintf(stderr, "usage: token-server serve SOCKET | ask SOCKET N\n");
	return 2;
}

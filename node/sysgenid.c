// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What JavaScript cannot do in Node: map the counter's pages, ask the kernel over netlink, draw
 * without a file, and feed the OpenSSL that is inside Node. All else is in JavaScript, which goes
 * on without this file.
 *
 *	map(path)	the pages of the counter, as one or two ArrayBuffers; throws an error
 *	ask(second)	has the kernel look at the hypervisor's counter; that is the second page
 *	exchange(bytes)	the answer of the kernel's generic netlink to a message, as a Buffer; throws
 *	random(buffer)	fills it with random bytes of the kernel's; false: getrandom is forbidden
 *	feed(buffer)	adds random bytes to OpenSSL's generators; false: there is no OpenSSL here
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <libsysgenid.h>

/* Of Node-API, whose binary interface is stable, so that a build needs no headers of Node's. */
typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_info__ *napi_info;
typedef napi_value napi_callback(napi_env env, napi_info info);

int napi_create_function(napi_env env, const char *name, size_t length, napi_callback *callback,
			 void *data, napi_value *result);
int napi_set_named_property(napi_env env, napi_value object, const char *name, napi_value value);
int napi_get_cb_info(napi_env env, napi_info info, size_t *argc, napi_value *argv,
		     napi_value *this_arg, void **data);
int napi_get_value_string_utf8(napi_env env, napi_value value, char *to, size_t size,
			       size_t *length);
int napi_get_buffer_info(napi_env env, napi_value value, void **data, size_t *length);
int napi_get_arraybuffer_info(napi_env env, napi_value value, void **data, size_t *length);
int napi_create_array_with_length(napi_env env, size_t length, napi_value *result);
int napi_set_element(napi_env env, napi_value array, uint32_t index, napi_value value);
int napi_create_buffer_copy(napi_env env, size_t length, const void *from, void **to,
			    napi_value *result);
int napi_create_external_arraybuffer(napi_env env, void *data, size_t length, void *finalize,
				     void *hint, napi_value *result);
int napi_get_boolean(napi_env env, bool value, napi_value *result);
int napi_throw_error(napi_env env, const char *code, const char *text);

#define NETLINK_TIMEOUT_S 5
#define NETLINK_ROOM 8192 /* the kernel sends no control message that is larger */
#define EXPORT __attribute__((visibility("default")))

EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports);

static napi_value fail(napi_env env, int error)
{
	char text[512];

	napi_throw_error(env, NULL, sysgenid_explain(error, text, sizeof(text)));
	return NULL;
}

static bool add_page(napi_env env, napi_value pages, uint32_t index, const void *page, size_t size)
{
	napi_value buffer;

	return !napi_create_external_arraybuffer(env, (void *)page, size, NULL, NULL, &buffer) &&
	       !napi_set_element(env, pages, index, buffer);
}

/* The mappings stay for as long as the process runs. */
static napi_value map(napi_env env, napi_info info)
{
	struct sysgenid *counter;
	const size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	napi_value argument, pages;
	size_t count = 1;
	char path[4096];
	int ret;

	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) || count != 1 ||
	    napi_get_value_string_utf8(env, argument, path, sizeof(path), NULL))
		return fail(env, -EINVAL);
	ret = sysgenid_open(&counter, path, SYSGENID_OPEN_MAP_ONLY);
	if (ret < 0)
		return fail(env, ret);
	if (napi_create_array_with_length(env, 0, &pages) ||
	    !add_page(env, pages, 0, counter->page, sizeof(*counter->page)) ||
	    (counter->vmclock && !add_page(env, pages, 1, counter->vmclock, page_size)))
		return fail(env, -EOPNOTSUPP);
	return pages;
}

/* As sysgenid_sync(), but it does not wait. Without the page the next load has the kernel look. */
static napi_value ask(napi_env env, napi_info info)
{
	napi_value argument;
	size_t count = 1, size;
	void *page;

	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) || count != 1 ||
	    napi_get_arraybuffer_info(env, argument, &page, &size) ||
	    size != (size_t)sysconf(_SC_PAGESIZE))
		return fail(env, -EINVAL);
	(void)madvise(page, size, MADV_DONTNEED);
	return NULL;
}

/* Returns the size of the answer, or -errno. */
static ssize_t converse(int fd, const void *request, size_t size, void *answer, size_t room)
{
	/* Connected to port 0, the kernel: no other process can send anything to it. */
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct timeval limit = { .tv_sec = NETLINK_TIMEOUT_S };
	ssize_t ret;

	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    send(fd, request, size, 0) < 0)
		return -errno;
	do {
		ret = recv(fd, answer, room, 0);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? errno == EAGAIN ? -ETIMEDOUT : -errno : ret;
}

static ssize_t ask_kernel(const void *request, size_t size, void *answer, size_t room)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ssize_t ret;

	if (fd < 0)
		return -errno;
	ret = converse(fd, request, size, answer, room);
	close(fd);
	return ret;
}

static napi_value exchange(napi_env env, napi_info info)
{
	char answer[NETLINK_ROOM];
	napi_value argument, result;
	size_t count = 1, size;
	void *request;
	ssize_t ret;

	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) || count != 1 ||
	    napi_get_buffer_info(env, argument, &request, &size))
		return fail(env, -EINVAL);
	ret = ask_kernel(request, size, answer, sizeof(answer));
	if (ret < 0)
		return fail(env, (int)ret);
	if (napi_create_buffer_copy(env, (size_t)ret, answer, NULL, &result))
		return fail(env, -ENOMEM);
	return result;
}

/* The system call itself: the C library's function may draw from a state in this process. */
static bool draw(unsigned char *to, size_t size)
{
	while (size) {
		long got = syscall(SYS_getrandom, to, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		to += got;
		size -= (size_t)got;
	}
	return true;
}

static napi_value random_bytes(napi_env env, napi_info info)
{
	napi_value argument, result;
	size_t count = 1, size;
	void *to;

	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) || count != 1 ||
	    napi_get_buffer_info(env, argument, &to, &size))
		return fail(env, -EINVAL);
	napi_get_boolean(env, draw(to, size), &result);
	return result;
}

/* OpenSSL's primary generator takes the bytes, and those below it follow at their next use. */
static napi_value feed(napi_env env, napi_info info)
{
	void (*rand_add)(const void *from, int size, double entropy);
	napi_value argument, result;
	size_t count = 1, size;
	void *from;

	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) || count != 1 ||
	    napi_get_buffer_info(env, argument, &from, &size) || size > INT32_MAX)
		return fail(env, -EINVAL);
	/* ISO C knows no conversion from a pointer to data. */
	*(void **)&rand_add = dlsym(RTLD_DEFAULT, "RAND_add");
	if (rand_add)
		rand_add(from, (int)size, (double)size);
	napi_get_boolean(env, rand_add, &result);
	return result;
}

static void add(napi_env env, napi_value exports, const char *name, napi_callback *callback)
{
	napi_value function;

	if (!napi_create_function(env, name, SIZE_MAX, callback, NULL, &function))
		napi_set_named_property(env, exports, name, function);
}

napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	add(env, exports, "map", map);
	add(env, exports, "ask", ask);
	add(env, exports, "exchange", exchange);
	add(env, exports, "random", random_bytes);
	add(env, exports, "feed", feed);
	return exports;
}

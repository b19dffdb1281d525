// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What JavaScript cannot do in Node: map the counter's page, and feed the OpenSSL that is inside
 * Node. Everything else is in JavaScript, which goes on without this file.
 *
 *	map(path)	the page of the counter, as an ArrayBuffer; throws errno
 *	feed(buffer)	adds random bytes to OpenSSL's generators; false: there is no OpenSSL here
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
int napi_create_external_arraybuffer(napi_env env, void *data, size_t length, void *finalize,
				     void *hint, napi_value *result);
int napi_get_boolean(napi_env env, bool value, napi_value *result);
int napi_throw_error(napi_env env, const char *code, const char *text);

#define EXPORT __attribute__((visibility("default")))

EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports);

static napi_value fail(napi_env env, int error)
{
	char text[512];

	napi_throw_error(env, NULL, sysgenid_explain(error, text, sizeof(text)));
	return NULL;
}

/* The mapping stays for as long as the process runs. */
static napi_value map(napi_env env, napi_info info)
{
	struct sysgenid *counter;
	napi_value argument, result;
	size_t count = 1;
	char path[4096];
	int ret;

	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) || count != 1 ||
	    napi_get_value_string_utf8(env, argument, path, sizeof(path), NULL))
		return fail(env, -EINVAL);
	ret = sysgenid_open(&counter, path, SYSGENID_OPEN_MAP_ONLY);
	if (ret < 0)
		return fail(env, ret);
	if (napi_create_external_arraybuffer(env, (void *)counter->page,
					     sizeof(struct sysgenid_page), NULL, NULL, &result))
		return fail(env, -EOPNOTSUPP);
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
	add(env, exports, "feed", feed);
	return exports;
}

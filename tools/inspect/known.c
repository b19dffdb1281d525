// SPDX-License-Identifier: GPL-2.0-only
#include "known.h"

#include "../base/finding.h"

#define VERSION_FOLLOWS "-."
#define PROVIDER "sysgenid.so"
#define PRELOAD "libsysgenid-preload.so"

/* The evidence is in preload/README.md. */
static const struct library {
	const char *file; /* how its name begins */
	const char *name;
	bool provider, preload; /* what renews its generator */
	const char *advice;
} libraries[] = {
	{ "libcrypto.so.3", "OpenSSL 3", true, true,
	  "switch on the OpenSSL provider, or start the program with "
	  "LD_PRELOAD=" PRELOAD },
	{ "libcrypto.so.1", "OpenSSL 1", false, false, "use a program that has OpenSSL 3" },
	{ "libgnutls.so", "GnuTLS", false, true, "start the program with LD_PRELOAD=" PRELOAD },
	{ "libgcrypt.so", "libgcrypt", false, true, "start the program with LD_PRELOAD=" PRELOAD },
	{ "libbsd.so", "libbsd (arc4random)", false, true,
	  "start the program with LD_PRELOAD=" PRELOAD },
	{ "libuuid.so", "libuuid (UUIDs of the clock)", false, true,
	  "start the program with LD_PRELOAD=" PRELOAD },
	{ "libfreebl", "NSS", false, false, "nothing here renews it" },
	{ "libmbedcrypto.so", "Mbed TLS", false, false, "nothing here renews it" },
	{ "libwolfssl.so", "wolfSSL", false, false, "nothing here renews it" },
};

void inspect_libraries(const struct inspected *process)
{
	bool provider = inspect_mapped(process, PROVIDER, "");
	bool preload = inspect_mapped(process, PRELOAD, "");

	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		const struct library *library = &libraries[i];
		const char *path = inspect_mapped(process, library->file, "3.-");
		const char *by = library->provider && provider ? "the OpenSSL provider"
				 : library->preload && preload ? "the preload library"
							       : NULL;

		if (!path)
			continue;
		if (by)
			finding_add(FINDING_GOOD, "library", NULL,
				    "%s: %s renews the generator of %s", path, by, library->name);
		else
			finding_add(FINDING_PROBLEM, "library", library->advice,
				    "%s: clones share the generator of %s", path, library->name);
	}
}

#define MENDED_BY_PROGRAM                                                                          \
	"nothing renews them from outside: let the program look at the counter, or take the "      \
	"sources that docs/runtimes.md names"

/* What repeats in each is in docs/runtimes.md. */
static const struct runtime {
	const char *file;
	const char *next;
	const char *name;
	bool has_switch; /* which maps the counter */
	const char *advice;
} runtimes[] = {
	{ "python3", ".", "Python", true, "install its switch, sysgenid-auto.pth" },
	{ "libpython3", ".", "Python", true, "install its switch, sysgenid-auto.pth" },
	{ "node", "", "Node", true,
	  "load its switch: NODE_OPTIONS='--require .../sysgenid/register.js'" },
	{ "libjvm.so", "", "Java", false, MENDED_BY_PROGRAM },
	{ "libruby", "-.", "Ruby", false, MENDED_BY_PROGRAM },
	{ "ruby", "3", "Ruby", false, MENDED_BY_PROGRAM },
	{ "libperl.so", ".", "Perl", false, MENDED_BY_PROGRAM },
	{ "perl", "", "Perl", false, MENDED_BY_PROGRAM },
	{ "php", "78.-", "PHP", false, MENDED_BY_PROGRAM },
};

static void found_runtime(const struct inspected *process, const char *path, const char *name,
			  bool has_switch, const char *advice)
{
	if (process->counter_mapped && has_switch)
		finding_add(FINDING_GOOD, "runtime", NULL,
			    "%s: %s, and the counter is mapped: the switch is on, or the program "
			    "looks itself",
			    path, name);
	else
		finding_add(FINDING_PROBLEM, "runtime", advice,
			    "%s: clones share the generators of %s", path, name);
}

void inspect_runtimes(const struct inspected *process)
{
	/* Go's linker writes it into each program, before the build's description. */
	static const char go[] = "\xff Go buildinf:";
	const char *last = "";
	int is_go;

	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		const struct runtime *runtime = &runtimes[i];
		const char *path = inspect_mapped(process, runtime->file, runtime->next);

		/* The program and its library are one runtime. */
		if (!path || runtime->name == last)
			continue;
		last = runtime->name;
		found_runtime(process, path, runtime->name, runtime->has_switch, runtime->advice);
	}
	is_go = inspect_program_has(process, go, sizeof(go) - 1);
	if (is_go < 0)
		finding_add(FINDING_NOTE, "runtime", NULL,
			    "the program could not be read: whether it is one of Go is not known");
	if (is_go > 0)
		found_runtime(process, process->n_paths ? process->paths[0] : "the program", "Go",
			      false, MENDED_BY_PROGRAM);
}

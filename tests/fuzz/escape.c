// SPDX-License-Identifier: GPL-2.0-only
/* Text that others have chosen, on its way to a log or a terminal: one line, printable, bounded. */
#include "escape.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), escaped[SYSGENID_ESCAPE_SIZE];

	sysgenid_escape(text, escaped);
	must(strlen(escaped) < sizeof(escaped));
	must(sysgenid_is_utf8(escaped));
	for (const char *at = escaped; *at; at++)
		must((unsigned char)*at >= ' ' && *at != 127);
	free(text);
	return 0;
}

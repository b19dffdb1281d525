// SPDX-License-Identifier: GPL-2.0-only
/* Compares criu_abi.h with criu's own header, if Debian's package with that header is installed. */
#include "tap.h"

#ifdef HAVE_CRIU_PLUGIN_H
#include <criu-plugin.h>
#undef CR_PLUGIN_DESC
/* criu's header declares these without weak, so the names of criu_abi.h are changed here. */
#define criu_get_image_dir criu_get_image_dir_of_ours
#define CR_PLUGIN_DESC CR_PLUGIN_DESC_OF_OURS
#include "criu_abi.h"

/* Casts to int, since criu's enumerators have other types. */
#define SAME_NUMBER(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #theirs)

_Static_assert(CRIU_ABI_VERSION == CRIU_PLUGIN_VERSION, "version");
SAME_NUMBER(CRIU_HOOK_DUMP_EXT_FILE, CR_PLUGIN_HOOK__DUMP_EXT_FILE);
SAME_NUMBER(CRIU_HOOK_RESTORE_EXT_FILE, CR_PLUGIN_HOOK__RESTORE_EXT_FILE);
SAME_NUMBER(CRIU_HOOK_HANDLE_DEVICE_VMA, CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA);
SAME_NUMBER(CRIU_HOOK_UPDATE_VMA_MAP, CR_PLUGIN_HOOK__UPDATE_VMA_MAP);
SAME_NUMBER(CRIU_HOOK_RESUME_DEVICES_LATE, CR_PLUGIN_HOOK__RESUME_DEVICES_LATE);
SAME_NUMBER(CRIU_STAGE_DUMP, CR_PLUGIN_STAGE__DUMP);
SAME_NUMBER(CRIU_STAGE_PRE_DUMP, CR_PLUGIN_STAGE__PRE_DUMP);
SAME_NUMBER(CRIU_STAGE_RESTORE, CR_PLUGIN_STAGE__RESTORE);
_Static_assert((int)CRIU_HOOKS_3_17 <= (int)CR_PLUGIN_HOOK__MAX, "as many hooks as 3.17.1");
_Static_assert(CRIU_HOOKS_3_17 == CRIU_HOOK_RESUME_DEVICES_LATE + 1, "last hook of 3.17.1");
_Static_assert(CRIU_HOOKS_4_0 == CRIU_HOOK_CHECKPOINT_DEVICES + 1, "last hook of 4.0");

#define SAME_OFFSET(field)                                                                         \
	_Static_assert(offsetof(struct criu_plugin_desc, field) ==                                 \
			       offsetof(cr_plugin_desc_t, field),                                  \
		       #field)
SAME_OFFSET(name);
SAME_OFFSET(init);
SAME_OFFSET(exit);
SAME_OFFSET(version);
SAME_OFFSET(max_hooks);
SAME_OFFSET(hooks);

/* Only criu 4.0 and newer have this enumerator; the Makefile searches the header for it. */
#ifdef HAVE_CHECKPOINT_DEVICES
SAME_NUMBER(CRIU_HOOK_CHECKPOINT_DEVICES, CR_PLUGIN_HOOK__CHECKPOINT_DEVICES);
_Static_assert((int)CRIU_HOOKS_4_0 <= (int)CR_PLUGIN_HOOK__MAX, "as many hooks as 4.0");
#endif

int main(void)
{
	ok(true,
	   "our declarations are those of the installed criu-plugin.h (compared by the compiler)");
	return done_testing();
}
#else
int main(void)
{
	puts("1..0 # SKIP criu-plugin.h is not installed (package criu or libcriu-dev)");
	return 0;
}
#endif

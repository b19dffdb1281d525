// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every sentence of the uapi header about the device, as a check. To be run as root with the module
 * just loaded. Built for 64 and for 32 bits.
 */
#include <unistd.h>

#include "abi.h"
#include "device.h"
#include "tap.h"

#define LIMIT_SECONDS 100 /* a call that never comes back must not hold up everything */

int main(void)
{
	alarm(LIMIT_SECONDS);
	abi_node();
	device_setup();
	abi_open();
	abi_read();
	abi_write();
	abi_acknowledge();
	abi_other_calls();
	abi_fdinfo();
	abi_poll();
	abi_epoll();
	abi_map_rules();
	abi_map_contents();
	abi_map_life();
	abi_tracking();
	abi_wait_returns();
	abi_wait_wakes();
	abi_wait_signal();
	abi_mark();
	abi_mark_others();
	abi_trigger();
	abi_privilege();
	abi_wrap();
	return tap_done();
}

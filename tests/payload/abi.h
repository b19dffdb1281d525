/* SPDX-License-Identifier: GPL-2.0-only */
/* The subjects of the device's ABI, each a run of checks. */
#ifndef ABI_H
#define ABI_H

#include <stdint.h>

void abi_node(void); /* abi-file.c */
void abi_open(uint32_t first);
void abi_read(void);
void abi_write(void);
void abi_acknowledge(void);
void abi_other_calls(void);
void abi_fdinfo(void);

void abi_poll(void); /* abi-poll.c */
void abi_epoll(void);

void abi_map_rules(void); /* abi-map.c */
void abi_map_contents(void);
void abi_map_life(void);

void abi_tracking(void); /* abi-watchers.c */
void abi_wait_returns(void);
void abi_wait_wakes(void);
void abi_wait_signal(void);

void abi_mark(void); /* abi-mark.c */
void abi_mark_others(void);

void abi_trigger(void); /* abi-trigger.c */
void abi_privilege(void);
void abi_wrap(void);

#endif /* ABI_H */

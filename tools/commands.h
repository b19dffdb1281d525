/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands that have one file each. They get their own name as argv[0], and return an enum
 * tool_exit.
 */
#ifndef SYSGENID_COMMANDS_H
#define SYSGENID_COMMANDS_H

int tool_status(int argc, char **argv);
int tool_watch(int argc, char **argv);
int tool_trigger(int argc, char **argv);
int tool_wait(int argc, char **argv);
int tool_await(int argc, char **argv);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to criu's log, each one line in criu's own form: "Error (files.c:12): sysgenid: ...". */
#ifndef SYSGENID_LOG_H
#define SYSGENID_LOG_H

enum sysgenid_log_level {
	SYSGENID_LOG_ERROR = 1,
	SYSGENID_LOG_WARN = 2,
	SYSGENID_LOG_INFO = 3,
	SYSGENID_LOG_DEBUG = 4,
};

/* Keeps errno. Escapes everything that is not printable text on one line (common/escape.h). */
void sysgenid_log_at(enum sysgenid_log_level level, const char *file, int line, const char *format,
		     ...) __attribute__((format(printf, 4, 5)));

#define sysgenid_log(level, ...) sysgenid_log_at(level, __FILE_NAME__, __LINE__, __VA_ARGS__)
#define sysgenid_err(...) sysgenid_log(SYSGENID_LOG_ERROR, __VA_ARGS__)
#define sysgenid_warn(...) sysgenid_log(SYSGENID_LOG_WARN, __VA_ARGS__)
#define sysgenid_info(...) sysgenid_log(SYSGENID_LOG_INFO, __VA_ARGS__)
#define sysgenid_debug(...) sysgenid_log(SYSGENID_LOG_DEBUG, __VA_ARGS__)

#endif

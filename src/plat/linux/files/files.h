/* plat/linux/files/files.h - small files of /proc, /sys and /run. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Read a whole text file of at most size - 1 bytes, and of less than 8 KiB; the last line end is
 * removed. Returns its length, or LB_E(NOENT|AUTH|IO|NOSPC) with `out` untouched. */
MUST_CHECK int lb_file_read(const char *path, char *out, size_t size);

/* Open a file for reading as programs will see it that have `root` as their "/": whatever links
 * lead to it, absolute ones too, they stay inside. A descriptor, or LB_E(...). */
MUST_CHECK int lb_file_open_in_root(const char *root, const char *path);

/* Write a value into an existing file (sysfs, procfs). 0 or LB_E(...). */
MUST_CHECK int lb_file_poke(const char *path, const char *value);

/* Replace a file as a whole: written beside it, synced, renamed. 0 or LB_E(...). */
MUST_CHECK int lb_file_replace(const char *path, const void *data, size_t n, mode_t mode);

/* Read exactly n bytes at an offset. 0, LB_E(TRUNC) at the end of the file, LB_E(IO). */
MUST_CHECK int lb_fd_pread(int fd, void *buf, size_t n, off_t off_bytes);

/* The content of two files. 0: it is the same; LB_E(CRC) it is not, LB_E(...). */
MUST_CHECK int lb_fd_compare(int a, int b);

/* Make a directory and its parents. 0 also when it is there already. */
MUST_CHECK int lb_dir_make(const char *path, mode_t mode);

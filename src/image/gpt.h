/* image/gpt.h - a partition table written as a GPT (pure); image/ptable.h reads it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/ptable.h"

/* Let a GPT reach to the end of its disk. 0, or LB_E(NOSPC) with `t` untouched: a partition ends
 * behind what the disk has, or where the backup has to stand. */
MUST_CHECK int lb_gpt_fit(struct lb_ptable *t, uint64_t disk_sectors);

/* Bytes of the entries, whole sectors; header and entries of the backup take a sector more. */
size_t lb_gpt_entries_bytes(const struct lb_ptable *t);

/* The entries: lb_gpt_entries_bytes(). 0 or LB_E(NOSPC). */
MUST_CHECK int lb_gpt_put_entries(const struct lb_ptable *t, void *out, size_t n);

enum lb_gpt_copy {
	LB_GPT_PRIMARY,
	LB_GPT_BACKUP,
};

/* A header: one sector. Of the backup the entries stand right before it. 0 or LB_E(NOSPC). */
MUST_CHECK int lb_gpt_put_header(const struct lb_ptable *t, enum lb_gpt_copy copy, void *out,
				 size_t n);

/* Let the MBR in front of a GPT protect all of the disk. One that has other partitions too is left
 * alone. `sector`: the first 512 bytes. */
void lb_gpt_protect(void *sector, uint64_t disk_sectors);

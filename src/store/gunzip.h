/* store/gunzip.h - unpack gzip, and know that it was whole. libarchive's own filter compares
 * neither checksum nor length of what it unpacked; zlib does. */
#pragma once

#include <stdbool.h>

#include <zlib.h>

#include "plat/settings.h"

struct lb_gunzip {
	const struct plat_archive *from;
	z_stream z;
	bool begun, at_end;
	const char *why; /* after an error: completes the sentence "the archive ..." */
	uint8_t in[4096];
};

/* Start at the beginning of the archive. 0, LB_E(NOSPC) no memory, LB_E(IO). */
MUST_CHECK int lb_gunzip_begin(struct lb_gunzip *g, const struct plat_archive *from);

/* Up to n bytes: how many, 0 only when all of it was right to the last byte. LB_E(TRUNC|CRC|FORMAT)
 * it is not, LB_E(IO) it cannot be read. */
MUST_CHECK int lb_gunzip_read(struct lb_gunzip *g, void *buf, size_t n);

void lb_gunzip_end(struct lb_gunzip *g);

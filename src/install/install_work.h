/* install/install_work.h - one run of the installer, as its files share it: install.c decides what
 * is done in which order, install_copy.c brings the bytes from the source to the target. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "install/install.h"
#include "install/peek.h"
#include "install/source.h"
#include "install/write.h"

struct lb_install_work {
	const struct lb_install_ask *ask;
	struct lb_install_report *report;
	struct lb_source source;
	struct lb_write lanes[LB_SCAN_PARTS]; /* one for each place that something goes to */
	/* What is written now. */
	enum lb_scan_part part;
	struct lb_write *write;
	struct lb_peek *peek;	/* of what streams */
	bool streams;		/* verified while it is written */
	bool verifies;		/* that has begun, and not ended */
	uint64_t payload_bytes; /* LB_WRITE_LENGTH_UNKNOWN while it streams */
	/* What is unpacked, or comes out of an archive. */
	uint8_t *room;
	size_t room_used;
	/* What is written is not all that was verified, or the target keeps bytes of its own: then
	 * both are hashed on the way, what is read and what is written. */
	bool by_itself;
	struct lb_sha256 source_hash, masked_hash;
	uint8_t masked_sha256[LB_SHA256_SIZE];
};

/* How it ended, and why, into the report; returns LB_E(STATE). */
int lb_install_ends_as(struct lb_install_work *r, enum lb_install_end end, enum lb_install_why why);
/* The same for a target that failed with `rc`. */
int lb_install_broken(struct lb_install_work *r, int rc);
void lb_install_tell(const struct lb_install_work *r, enum lb_install_phase phase, uint64_t done,
		     uint64_t total);

/* An archive whose members go to places of their own. What streams is none: it cannot be read once
 * for each of them. */
bool lb_install_is_archive(const struct lb_install_work *r);

/* The source, or of an archive r->part of it, into r->write, unpacked. 0 also when the target
 * failed: lb_write_end() says how. LB_E(STATE): the report says why. */
MUST_CHECK int lb_install_copy(struct lb_install_work *r);

/* Of a target that keeps bytes of its own: was the second reading that of what was verified? */
bool lb_install_is_same(struct lb_install_work *r);

/* The end of what streams; or that of its beginning, when something failed. */
void lb_install_end_stream(struct lb_install_work *r);

/* install/install.h - the one installer, whoever calls it: an image comes from a file or a pipe, is
 * verified, written once, read back, and only then counts.
 *
 * A power cut at any moment leaves the target as it was, or new, or recognisably not whole; run
 * again from the start it becomes whole. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "install/verify.h"
#include "plat/target.h"

enum lb_install_phase {
	LB_INSTALL_VERIFY, /* nothing is changed while this goes on */
	LB_INSTALL_WRITE,  /* verified as well meanwhile, when it can be read only once */
	LB_INSTALL_READ_BACK,
};

enum lb_install_end {
#define INSTALL_END(id, code, name) LB_INSTALL_##id,
#include "tables/install_ends.def"
#undef INSTALL_END
};

enum lb_install_why {
#define INSTALL_WHY(id, name, text) LB_INSTALL_WHY_##id,
#include "tables/install_whys.def"
#undef INSTALL_WHY
};

struct lb_install_report {
	enum lb_install_end end;   /* REFUSED and UNTOUCHED: the target is as it was */
	enum lb_install_why cause; /* of any other end than DONE; DONE may be UNRECORDED */
	enum lb_refusal
		refusal; /* LB_REFUSAL_COUNT = the image is not refused, or that is forced */
	char why[LB_SENTENCE_MAX]; /* one sentence without a full stop; "" = it went well */
	uint64_t image_bytes;	   /* read */
	uint64_t bytes;		   /* written, of an archive to both places */
	uint64_t bad_bytes;	   /* of flash, left out */
	uint8_t sha256[32];	   /* of what was written, of an archive its root */
	bool streamed;		   /* written before the verdict on it was there */
	uint32_t verify_ms, write_ms, read_back_ms;
};

struct lb_install_ask {
	struct lb_verify_ask image;   /* max_bytes: 0 = the room of the target */
	struct lb_verified *verified; /* filled; large, the caller's */
	const struct plat_target *target;
	const struct plat_target *kernel; /* where the kernel of a sysupgrade archive goes; NULL =
					     nowhere. `target` is then one whose begin() leaves
					     nothing whole of what was there */
	bool running; /* the target is not a spare: only an image that was verified whole before may
			 be written. A file is always verified before */
	bool clear_rest; /* no old overlay may be found behind it */
	bool keep_rest;	 /* begin() makes the overlay of the new root behind it, which must stay:
			    what an image has there besides, padding and markers, is not written */
	bool force;	 /* another board and incompatible settings do not count; damage and wrong
			    signatures do */
	uint64_t spool_max_bytes; /* memory for what comes through a pipe; 0 = half of the free one
				   */
	void *ctx;		  /* of those below, each of which may be NULL */
	/* The write-ahead note in the record: the target is not whole from now on. Anything but 0
	 * ends it with nothing changed. */
	int (*begin)(void *ctx);
	/* Of what streams only: its first bytes, unpacked, as lb_peek() finds them. Anything but 0
	 * ends it with nothing changed. */
	int (*peek)(void *ctx, const uint8_t *head, size_t n);
	/* Of what streams only: by now all is known of the image, and the target lacks only its
	 * head. Anything but 0 leaves it so. */
	int (*accept)(void *ctx);
	/* All but the head is there and was read back, and nothing can be refused any more: what
	 * must not be found beside the new image goes now. Anything but 0 ends it, the target not
	 * whole. */
	int (*clear)(void *ctx);
	/* After begin(), whatever came of it: the target is whole, or still not. */
	int (*end)(void *ctx, const struct lb_install_report *report);
	void (*progress)(void *ctx, enum lb_install_phase phase, uint64_t done_bytes,
			 uint64_t total_bytes /* 0 = not known */);
};

/* 0: the target is the image. LB_E(STATE): it is not, and `out` says why and in which state the
 * target is. LB_E(IO): it is, but the record does not know. */
MUST_CHECK int lb_install_run(struct lb_install_report *out, const struct lb_install_ask *ask);

/* "untouched"; the exit status; "read-back". */
const char *lb_install_end_name(enum lb_install_end end);
int lb_install_code(const struct lb_install_report *report);
const char *lb_install_why_name(enum lb_install_why why);

/* store/settings.h - verify a settings archive, and restore one.
 *
 * A restore reads the archive four times. First everything is judged: gzip's checksum, then the
 * whole archive, and the place of every member. Then all is unpacked into a folder of its own, and
 * synced. Only then is one after the other renamed to its place. The archive is removed last, so
 * that after a power cut at any moment the next boot does all of it again. Nothing is restored of
 * an archive of which anything is wrong.
 */
#pragma once

#include <stdbool.h>

#include "plat/settings.h"

enum lb_settings_outcome {
	LB_SETTINGS_NONE, /* there was no archive */
	LB_SETTINGS_RESTORED,
	LB_SETTINGS_DAMAGED, /* nothing restored, archive set aside as .damaged */
	LB_SETTINGS_REFUSED, /* nothing restored, archive set aside as .refused */
	LB_SETTINGS_FAILED,  /* no room, or reading or writing failed: nothing restored, it stays */
	LB_SETTINGS_PARTIAL, /* writing failed half-way, the archive stays */
};

struct lb_settings_report {
	enum lb_settings_outcome outcome;
	uint32_t files; /* without directories */
	uint64_t size_bytes;
	bool has_manifest;
	char board[LB_NAME_MAX], system[LB_NAME_MAX], date[24]; /* of the manifest */
	char why[LB_SENTENCE_MAX]; /* what is wrong, to follow the archive's name; "" = nothing */
};

/* Suffixes of an archive that was set aside, so that no boot tries it again. */
#define LB_SETTINGS_DAMAGED_SUFFIX ".damaged"
#define LB_SETTINGS_REFUSED_SUFFIX ".refused"

/* Called for each member that has been read as far as its header; NULL: not wanted. */
typedef void lb_settings_visitor(void *ctx, const struct lb_member *m);

/* Read all of an archive. 0 when it is whole and could be restored as far as it alone tells; else
 * an error of store/settings_read.h, and report->why. `report` is filled either way. */
MUST_CHECK int lb_settings_verify(const struct plat_archive *from, lb_settings_visitor *visit,
				  void *ctx, struct lb_settings_report *report);

/* May this board take settings of that one? The id "unknown" stands for a machine without a board
 * file: nobody can say, so it fits any. */
bool lb_settings_fit(const char *this_board, const char *that_board);

/* Restore an archive that is there, if its manifest fits `board`. */
void lb_settings_restore(const struct plat_settings *p, const char *board,
			 struct lb_settings_report *report);

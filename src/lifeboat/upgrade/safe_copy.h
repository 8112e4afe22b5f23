/* lifeboat/upgrade/safe_copy.h - the archive of settings stays on the root's disk while the root is
 * written anew from RAM (store/safe_copy.h says how), and is found there by the rescue. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/record.h"
#include "plan/safe_copy.h"
#include "plat/linux/disk/target.h"
#include "store/board.h"

/* What the rescue has found: for the next sysupgrade. */
#define LB_SAFE_FOUND "/run/lifeboat/settings.tgz"

/* Can it stay there? On flash another way is taken: safe_keep.h. */
bool lb_safe_copy_can(const struct lb_target *target);

struct lb_safe_job {
	const struct lb_board *board;
	const char *root;    /* its device */
	const char *archive; /* a file in RAM */
	const struct plat_target *target;
	uint64_t overlay_bytes; /* where the new root will have its overlay; 0: not behind it */
	bool begun;		/* the root has lost its head already */
};

/* Everything but the new root itself: that may be written, up to its overlay, when this returns 0.
 * Else LB_E(...) and one sentence; *changed: the root is not what it was. */
MUST_CHECK int lb_safe_copy_carry(const struct lb_safe_job *job, bool *changed,
				  char why[LB_SENTENCE_MAX]);

#define LB_SAFE_NO_RECORD                                                                         \
	"upgrade: this board keeps no record, which a rescue would find the settings by: do not " \
	"switch off"

/* Into the record: the root is not whole, and an archive with this hash is on its medium: in the
 * overlay at overlay_bytes of it, 0: in the one that is found by its name. 0, LB_E(NOENT) this
 * board has no record, else LB_E(...) and one sentence. */
MUST_CHECK int lb_safe_copy_note(const struct lb_board *board, uint64_t overlay_bytes,
				 const uint8_t hash[LB_SAFE_HASH_BYTES], char why[LB_SENTENCE_MAX]);

/* Does the record say that the archive is on the root's disk or flash? */
bool lb_safe_copy_is_noted(const struct lb_upgrade_record *r);

/* Look for it beside a root that has no head. 0: it is LB_SAFE_FOUND now; or LB_E(NOENT...). */
MUST_CHECK int lb_safe_copy_look(const struct lb_upgrade_record *r, const char *disk);

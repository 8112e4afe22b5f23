/* lifeboat/status_file.h - where the device is and why: one JSON file below /run that the boot gate
 * starts and that `lifeboat status --json` prints as it is (fields: lifeboat-status(8)). */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "tables/limits.h"
#include "tables/tables.h"

#define LB_RUN_DIR	    "/run/lifeboat"
#define LB_STATUS_FILE	    LB_RUN_DIR "/status.json"
#define LB_STATUS_BYTES_MAX 5400 /* 20 texts of at most LB_SENTENCE_MAX, most far shorter */
#define LB_CONTROL                                                                     \
	LB_RUN_DIR "/control" /* datagrams to the boot gate while it waits in failsafe \
			       */

struct lb_status {
	enum lb_state state;
	enum lb_reason reason;
	char detail[LB_SENTENCE_MAX]; /* the reason as a sentence of this boot: which button, which
					 error */
	char board[LB_NAME_MAX];
	char board_name[LB_NAME_MAX];
	char serial[LB_SERIAL_MAX];
	char root_fs[32];	     /* "squashfs", "ext4", "" = none */
	bool initramfs;		     /* the boot gate was started there, not on the root itself */
	char slot[LB_SLOT_NAME_MAX]; /* the one that was booted, "" = no slots, or none */
	char slot_reason[LB_SENTENCE_MAX]; /* why that one */
	unsigned slot_counted_ms;	   /* since the kernel's start; 0: it was not */
	bool failsafe_available;
	char failsafe_why_not[LB_SENTENCE_MAX]; /* "" when it is available */
	enum lb_policy policy;
	char address[24];		    /* of failsafe, with prefix */
	char overlay[16];		    /* "ext4", "f2fs", "tmpfs", "" = not mounted */
	char extroot[LB_PATH_MAX];	    /* the owner's stick that is in use, "" = none */
	int overlay_used;		    /* percent, -1 = unknown */
	char last_reset[LB_SENTENCE_MAX];   /* what became of the last factory reset, "" = there was
					       none */
	char last_upgrade[LB_SENTENCE_MAX]; /* the same of the last upgrade of the only root */
	char last_mode[LB_SENTENCE_MAX]; /* the same of the last rescue mode, and for programs: */
	unsigned last_mode_number;	 /* of modes.def, 0 = there was none */
	char last_mode_outcome[8];	 /* lb_rescue_outcome_name() */
	unsigned last_mode_failure;	 /* of failures.def, 0 = it did not fail */
	unsigned mode;	   /* the rescue mode that is open, or failed and is shown; 0 = none */
	unsigned leaves_s; /* since the kernel's start: then a normal boot follows by itself; 0: it
			      does not */
	char settings[LB_SENTENCE_MAX]; /* what became of the staged settings at this boot, "" =
					   there   were none */
	char notice[LB_SENTENCE_MAX];	/* what the owner should act on, "" = nothing */
	unsigned debug_level;
	unsigned boot_count;
	char host_key[LB_NAME_MAX]; /* fingerprint of the recovery SSH host key, "" = none */
};

/* LB_E(NOENT): no boot gate has run on this machine. LB_E(FORMAT): the file is not ours. `out`
 * untouched then. */
MUST_CHECK int lb_status_load(struct lb_status *out);
MUST_CHECK int lb_status_save(const struct lb_status *s);

#include "lifeboat/gate/mode_result.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "lifeboat/record_io.h"

void lb_mode_outcome(struct lb_rescue_record *out, enum lb_mode mode,
		     const struct lb_mode_result *result)
{
	char said[LB_SENTENCE_MAX];

	*out = (struct lb_rescue_record){.mode = (uint8_t)mode, .outcome = LB_RESCUE_BEGUN};
	if (!result)
		return;
	out->outcome = result->failure ? LB_RESCUE_FAILED : LB_RESCUE_DONE;
	out->failure = (uint8_t)result->failure;
	(void)snprintf(said, sizeof(said), "%.180s", result->why);
	for (char *c = said; *c; c++) /* as the record wants its texts */
		if (*c < ' ' || *c > '~')
			*c = '?';
	out->said_len = strlen(said) + 1;
	memcpy(out->said, said, out->said_len);
	out->said[out->said_len - 1] = '\n';
}

static void sentence_of(const struct lb_rescue_record *r, char out[LB_SENTENCE_MAX])
{
	static const char *const ends[] = {[LB_RESCUE_BEGUN] =
						   "was begun and is not known to have ended",
					   [LB_RESCUE_DONE] = "is done",
					   [LB_RESCUE_FAILED] = "failed"};
	const int n = r->said_len ? (int)r->said_len - 1 : 0;

	out[0] = '\0';
	if (r->outcome == LB_RESCUE_NONE || r->outcome > LB_RESCUE_FAILED)
		return;
	(void)snprintf(out, LB_SENTENCE_MAX, "rescue mode %u (%s) %s%s%.*s", r->mode,
		       lb_mode_name(r->mode), ends[r->outcome], n ? ": " : "", n, r->said);
}

void lb_mode_tell(const struct lb_rescue_record *r, struct lb_status *status)
{
	sentence_of(r, status->last_mode);
	status->last_mode_number = r->outcome == LB_RESCUE_NONE ? 0 : r->mode;
	status->last_mode_failure = r->failure;
	(void)snprintf(status->last_mode_outcome, sizeof(status->last_mode_outcome), "%s",
		       lb_rescue_outcome_name(r->outcome));
}

static void change(struct lb_record *r, void *ctx)
{
	char line[LB_SENTENCE_MAX];

	r->rescue = *(const struct lb_rescue_record *)ctx;
	sentence_of(&r->rescue, line);
	lb_record_log(r, line);
}

void lb_mode_note_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
}

void lb_mode_note(const struct lb_board *board, enum lb_mode mode,
		  const struct lb_mode_result *result)
{
	struct lb_rescue_record now;
	int rc;

	lb_mode_outcome(&now, mode, result);
	rc = lb_record_change(board, change, &now);
	if (rc < 0 && rc != LB_E(NOENT))
		log_warn("the recovery record cannot be told of the rescue mode: it %s",
			 lb_strerror(rc));
}

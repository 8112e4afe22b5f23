/* What a run of the installer tells of itself: how far it is, and how it ended. */
#include "install/install_work.h"

#include <stdio.h>

static const struct {
	const char *name, *text;
} whys[] = {
#define INSTALL_WHY(id, name_, text_) {.name = (name_), .text = (text_)},
#include "tables/install_whys.def"
#undef INSTALL_WHY
};

static const struct {
	const char *name;
	int code;
} ends[] = {
#define INSTALL_END(id, code_, name_) {.name = (name_), .code = (code_)},
#include "tables/install_ends.def"
#undef INSTALL_END
};

const char *lb_install_end_name(enum lb_install_end end)
{
	return ends[end].name;
}

const char *lb_install_why_name(enum lb_install_why why)
{
	return whys[why].name;
}

int lb_install_code(const struct lb_install_report *report)
{
	if (report->end == LB_INSTALL_REFUSED && report->refusal != LB_REFUSAL_COUNT)
		return lb_refusal_code(report->refusal);
	return ends[report->end].code;
}

int lb_install_ends_as(struct lb_install_work *r, enum lb_install_end end, enum lb_install_why why)
{
	r->report->end = end;
	r->report->cause = why;
	(void)snprintf(r->report->why, sizeof(r->report->why), "%s", whys[why].text);
	return LB_E(STATE);
}

int lb_install_broken(struct lb_install_work *r, int rc)
{
	return lb_install_ends_as(r, LB_INSTALL_BROKEN,
				  rc == LB_E(NOSPC) ? LB_INSTALL_WHY_FULL : LB_INSTALL_WHY_WRITE);
}

void lb_install_tell(const struct lb_install_work *r, enum lb_install_phase phase, uint64_t done,
		     uint64_t total)
{
	if (r->ask->progress)
		r->ask->progress(r->ask->ctx, phase, done, total);
}

bool lb_install_is_archive(const struct lb_install_work *r)
{
	const struct lb_scan *scan = &r->ask->verified->scan;

	return !r->streams && !scan->packed && scan->file.image.kind == LB_IMAGE_TAR;
}

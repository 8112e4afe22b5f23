/* lifeline/report.h - one piece of news on standard output, for a person or for a machine. */
#pragma once

#include "lifeline/sessions.h"

void lb_report_words(enum lb_news news, const struct lb_sighting *s);

/* One JSON object on one line; its keys: lifeline-listen(1). LB_E(NOSPC) when memory ran out. */
MUST_CHECK int lb_report_json(enum lb_news news, const struct lb_sighting *s, uint64_t at_ms);

/* {"event":"listening","interfaces":[...]}: from now on nothing is missed. */
MUST_CHECK int lb_report_json_listening(const char *const *interfaces, size_t n);

/* What a rescue mode says that went back to a snapshot. */
#include "tests/t.h"

#include <limits.h>

#include "lifeboat/modes/rollback_told.h"

static const char *told(const char *word, struct lb_rollback_report report)
{
	static char out[LB_SENTENCE_MAX];

	report.changed = true;
	lb_rollback_told(out, word, &report);
	return out;
}

static void told__state_before__is_named_by_its_number(void **state)
{
	assert_string_equal(told("factory", (struct lb_rollback_report){.saved = 3, .moved = 2}),
			    "rolled back to snapshot factory; the state before is snapshot 3");
	assert_string_equal(told("1", (struct lb_rollback_report){0}), "rolled back to snapshot 1");
}

static void told__subvolumes_that_could_not_move__are_told_where_they_are(void **state)
{
	assert_string_equal(told("1", (struct lb_rollback_report){.saved = 2, .left = 1}),
			    "rolled back to snapshot 1; the state before is snapshot 2; "
			    "subvolumes that stay in the state before: 1");
	assert_string_equal(told("1", (struct lb_rollback_report){.left = UINT_MAX}),
			    "rolled back to snapshot 1; "
			    "subvolumes that stay in the state before: 4294967295");
}

TESTS(unit(told__state_before__is_named_by_its_number),
      unit(told__subvolumes_that_could_not_move__are_told_where_they_are))

#include "tests/t.h"

#include "lifeboat/reset_result.h"
#include "plan/reflash.h"
#include "plan/reset.h"

#define AT_S 1795233000 /* 2026-11-21 03:50 UTC */

static const char *sentence(struct lb_reset_result r)
{
	static char out[LB_SENTENCE_MAX];

	memset(out, 'x', sizeof(out));
	lb_reset_sentence(&r, out, sizeof(out));
	return out;
}

static void sentence__complete__says_when_what_and_how_long(void **state)
{
	assert_string_equal(
		sentence((struct lb_reset_result){.outcome = LB_RESET_COMPLETE,
						  .at_s = AT_S,
						  .took_ms = 1250,
						  .format_ms = 742,
						  .entries = 321}),
		"factory reset of 2026-11-21 03:50 UTC: complete, 321 entries deleted in 1.2 s, "
		"new overlay in 0.7 s");
}

static void sentence__committed__says_that_the_next_boot_finishes_it_and_what_did_not_work(
	void **state)
{
	const char *text = sentence((struct lb_reset_result){
		.outcome = LB_RESET_COMMITTED, .at_s = AT_S, .why = LB_RESET_WHY_NOT_DELETED});

	assert_string_equal(
		text,
		"factory reset of 2026-11-21 03:50 UTC: the next boot finishes it, 0 entries "
		"deleted in 0.0 s; not everything could be deleted now: the next boot finishes it");
}

static void sentence__refused__says_that_it_did_not_happen(void **state)
{
	const char *text = sentence((struct lb_reset_result){
		.outcome = LB_RESET_REFUSED, .at_s = AT_S, .why = LB_RESET_WHY_NOT_MARKED});

	assert_non_null(strstr(text, "it did not happen"));
	assert_non_null(strstr(text, lb_reset_why_text(LB_RESET_WHY_NOT_MARKED)));
}

static void sentence__root_from_the_factory_image__has_words_of_its_own(void **state)
{
	struct lb_reset_result r = {
		.outcome = LB_RESET_COMPLETE, .at_s = AT_S, .format_ms = 8140, .from_image = 1};

	assert_string_equal(
		sentence(r),
		"factory reset of 2026-11-21 03:50 UTC: complete, root written anew in 8.1 s");
	r.why = LB_REFLASH_WHY_NOT_CLEARED;
	assert_string_equal(
		sentence(r),
		"factory reset of 2026-11-21 03:50 UTC: complete, root written anew in 8.1 s; "
		"what was behind the image before could not be cleared");
	r.outcome = LB_RESET_REFUSED;
	r.why = LB_REFLASH_WHY_WRONG_HASH;
	assert_string_equal(
		sentence(r),
		"factory reset of 2026-11-21 03:50 UTC: it did not happen; the factory image does "
		"not have the SHA-256 that stands beside it");
	r.outcome = LB_RESET_COMMITTED;
	r.why = LB_REFLASH_WHY_NOTHING;
	assert_string_equal(sentence(r),
			    "factory reset of 2026-11-21 03:50 UTC: the next boot finishes it");
}

static void sentence__clock_of_1970__is_not_shown_as_a_date(void **state)
{
	const char *text =
		sentence((struct lb_reset_result){.outcome = LB_RESET_COMPLETE, .at_s = 42});

	assert_non_null(strstr(text, "factory reset (the clock was not set): complete"));
	assert_null(strstr(text, "1970"));
}

static void sentence__there_was_none_or_it_is_not_known__is_empty(void **state)
{
	assert_string_equal(sentence((struct lb_reset_result){0}), "");
	assert_string_equal(sentence((struct lb_reset_result){.outcome = LB_RESET_REFUSED + 1}),
			    "");
	assert_string_equal(sentence((struct lb_reset_result){.outcome = 255}), "");
}

static void sentence__largest_numbers_and_unknown_reason__fits(void **state)
{
	const char *text = sentence((struct lb_reset_result){.outcome = LB_RESET_COMPLETE,
							     .why = 255,
							     .at_s = UINT64_MAX,
							     .took_ms = UINT32_MAX,
							     .format_ms = UINT32_MAX,
							     .entries = UINT64_MAX});

	assert_true(strlen(text) > 0 && strlen(text) < LB_SENTENCE_MAX);
}

TESTS(unit(sentence__complete__says_when_what_and_how_long),
      unit(sentence__committed__says_that_the_next_boot_finishes_it_and_what_did_not_work),
      unit(sentence__refused__says_that_it_did_not_happen),
      unit(sentence__root_from_the_factory_image__has_words_of_its_own),
      unit(sentence__clock_of_1970__is_not_shown_as_a_date),
      unit(sentence__there_was_none_or_it_is_not_known__is_empty),
      unit(sentence__largest_numbers_and_unknown_reason__fits))

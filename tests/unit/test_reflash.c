#include "tests/t.h"

#include "plan/reflash.h"

static const char letters[] = {
	[LB_REFLASH_HASH] = 'h',  [LB_REFLASH_BEGIN] = 'b', [LB_REFLASH_WIPE] = 'x',
	[LB_REFLASH_WRITE] = 'w', [LB_REFLASH_CLEAR] = 'c', [LB_REFLASH_READ_BACK] = 'r',
	[LB_REFLASH_HEAD] = 'H',  [LB_REFLASH_END] = 'e',   [LB_REFLASH_FORGET] = 'f'};

/* Run a plan in which one step fails (or none: LB_REFLASH_DONE never runs) and write the steps
 * down. */
static struct lb_reflash_plan run(const struct lb_reflash_sense *sense,
				  enum lb_reflash_step failing, int error, char *steps)
{
	struct lb_reflash_plan p;

	lb_reflash_begin(&p, sense);
	for (int i = 0; !lb_reflash_is_over(&p); i++) {
		assert_true(i < 12);
		*steps++ = letters[p.step];
		*steps = '\0';
		lb_reflash_next(&p, p.step == failing ? error : 0);
	}
	return p;
}

static const struct row {
	enum lb_reflash_step failing;
	int error;
	bool begun;
	const char *steps;
	enum lb_reflash_step end;
	enum lb_reflash_why why;
} rows[] = {
	{LB_REFLASH_DONE, 0, false, "hbxwcrHe", LB_REFLASH_DONE, LB_REFLASH_WHY_NOTHING},
	{LB_REFLASH_DONE, 0, true, "hbxwcrHe", LB_REFLASH_DONE, LB_REFLASH_WHY_NOTHING},
	/* Nothing has been written: the root stays as it is; unless an earlier run wrote. */
	{LB_REFLASH_HASH, LB_E(IO), false, "hf", LB_REFLASH_REFUSED, LB_REFLASH_WHY_UNREADABLE},
	{LB_REFLASH_HASH, LB_E(CRC), false, "hf", LB_REFLASH_REFUSED, LB_REFLASH_WHY_WRONG_HASH},
	{LB_REFLASH_HASH, LB_E(IO), true, "h", LB_REFLASH_BROKEN, LB_REFLASH_WHY_UNREADABLE},
	{LB_REFLASH_HASH, LB_E(CRC), true, "h", LB_REFLASH_BROKEN, LB_REFLASH_WHY_WRONG_HASH},
	{LB_REFLASH_BEGIN, LB_E(IO), false, "hbf", LB_REFLASH_REFUSED, LB_REFLASH_WHY_NO_RECORD},
	{LB_REFLASH_BEGIN, LB_E(IO), true, "hb", LB_REFLASH_BROKEN, LB_REFLASH_WHY_NO_RECORD},
	/* From here on it is not whole. */
	{LB_REFLASH_WIPE, LB_E(IO), false, "hbx", LB_REFLASH_BROKEN, LB_REFLASH_WHY_NOT_WRITTEN},
	{LB_REFLASH_WRITE, LB_E(IO), false, "hbxw", LB_REFLASH_BROKEN, LB_REFLASH_WHY_NOT_WRITTEN},
	{LB_REFLASH_READ_BACK, LB_E(IO), false, "hbxwcr", LB_REFLASH_BROKEN,
	 LB_REFLASH_WHY_NOT_WRITTEN},
	{LB_REFLASH_READ_BACK, LB_E(CRC), false, "hbxwcr", LB_REFLASH_BROKEN,
	 LB_REFLASH_WHY_NOT_READ_BACK},
	{LB_REFLASH_HEAD, LB_E(CRC), false, "hbxwcrH", LB_REFLASH_BROKEN,
	 LB_REFLASH_WHY_NOT_READ_BACK},
	/* A bad block behind the image costs nothing but a sentence. */
	{LB_REFLASH_CLEAR, LB_E(IO), false, "hbxwcrHe", LB_REFLASH_DONE,
	 LB_REFLASH_WHY_NOT_CLEARED},
	/* What a new owner saves must not be wiped by a request that could not be cleared. */
	{LB_REFLASH_END, LB_E(IO), false, "hbxwcrHe", LB_REFLASH_BROKEN, LB_REFLASH_WHY_NOT_NOTED},
};

static void reflash__each_failure__takes_its_steps_and_ends_where_it_should(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct lb_reflash_sense sense = {
			.begun = rows[i].begun, .image_bytes = 8192, .target_bytes = 8192};
		char steps[16] = "";
		struct lb_reflash_plan p = run(&sense, rows[i].failing, rows[i].error, steps);

		print_message("row %zu\n", i);
		assert_string_equal(steps, rows[i].steps);
		assert_int_equal(p.step, rows[i].end);
		assert_int_equal(p.why, rows[i].why);
		assert_true((p.why == LB_REFLASH_WHY_NOTHING) ==
			    (lb_reflash_why_text(p.why)[0] == '\0'));
	}
}

static void assert_untouched(struct lb_reflash_sense sense, enum lb_reflash_why why)
{
	char steps[16] = "";
	struct lb_reflash_plan p = run(&sense, LB_REFLASH_DONE, 0, steps);

	assert_string_equal(steps, "f");
	assert_int_equal(p.step, LB_REFLASH_REFUSED);
	assert_int_equal(p.why, why);
	sense.begun = true;
	p = run(&sense, LB_REFLASH_DONE, 0, steps);
	assert_int_equal(p.step, LB_REFLASH_BROKEN);
	assert_int_equal(p.why, why);
}

static void reflash__image_that_does_not_fit_or_is_none__is_refused_before_anything_is_read(
	void **state)
{
	assert_untouched((struct lb_reflash_sense){.image_bytes = 8193, .target_bytes = 8192},
			 LB_REFLASH_WHY_TOO_LARGE);
	assert_untouched((struct lb_reflash_sense){.image_bytes = 4095, .target_bytes = 8192},
			 LB_REFLASH_WHY_NOT_AN_IMAGE);
	for (int why = LB_REFLASH_WHY_NO_IMAGE; why <= LB_REFLASH_WHY_PROTECTED; why++)
		assert_untouched((struct lb_reflash_sense){.image_bytes = 8192,
							   .target_bytes = 8192,
							   .trouble = (enum lb_reflash_why)why},
				 (enum lb_reflash_why)why);
}

static void reflash__unknown_reason__has_an_empty_text(void **state)
{
	assert_string_equal(lb_reflash_why_text((enum lb_reflash_why)255), "");
}

TESTS(unit(reflash__each_failure__takes_its_steps_and_ends_where_it_should),
      unit(reflash__image_that_does_not_fit_or_is_none__is_refused_before_anything_is_read),
      unit(reflash__unknown_reason__has_an_empty_text))

/* The job file, and the plan of an upgrade of the only root. */
#include "tests/t.h"

#include <stdio.h>

#include "plan/upgrade.h"
#include "plan/upgrade_job.h"

static const struct lb_upgrade_job full = {.image = "/tmp/a b.bin",
					   .settings = "/tmp/s.tgz",
					   .root = "PARTLABEL=rootfs",
					   .forced = true,
					   .ignore_minor = true};

static void assert_same(const struct lb_upgrade_job *a, const struct lb_upgrade_job *b)
{
	assert_string_equal(a->image, b->image);
	assert_string_equal(a->settings, b->settings);
	assert_string_equal(a->root, b->root);
	assert_int_equal(a->forced, b->forced);
	assert_int_equal(a->ignore_minor, b->ignore_minor);
}

static void job__written_and_read__is_the_same(void **state)
{
	const struct lb_upgrade_job least = {.image = "/i"};
	struct lb_upgrade_job out;
	char text[LB_UPGRADE_JOB_MAX];
	int n = lb_upgrade_job_encode(&full, text);

	assert_true(n > 0);
	assert_int_equal(lb_upgrade_job_parse(&out, text, (size_t)n), 0);
	assert_same(&out, &full);
	n = lb_upgrade_job_encode(&least, text);
	assert_int_equal(n, (int)strlen("lifeboat upgrade 1\nimage /i\n"));
	assert_int_equal(lb_upgrade_job_parse(&out, text, (size_t)n), 0);
	assert_same(&out, &least);
}

static void job__every_truncation__is_refused_and_out_untouched(void **state)
{
	struct lb_upgrade_job out = {.image = "before"};
	char text[LB_UPGRADE_JOB_MAX];
	int n = lb_upgrade_job_encode(&full, text);

	for (int cut = 0; cut < n; cut++) {
		if (cut > 0 && text[cut - 1] == '\n' && memchr(text, '/', (size_t)cut))
			continue; /* whole lines, with the image among them */
		assert_int_equal(lb_upgrade_job_parse(&out, text, (size_t)cut), LB_E(FORMAT));
		assert_string_equal(out.image, "before");
	}
}

static void job__other_words_twice_or_relative_paths__are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"lifeboat upgrade 2\nimage /i\n",
		"lifeboat upgrade 1 \nimage /i\n",
		"lifeboat upgrade 1\n",
		"lifeboat upgrade 1\nimage i\n",
		"lifeboat upgrade 1\nimage \n",
		"lifeboat upgrade 1\nimage /i\nimage /j\n",
		"lifeboat upgrade 1\nimage /i\nsettings s\n",
		"lifeboat upgrade 1\nimage /i\nforced 0\n",
		"lifeboat upgrade 1\nimage /i\nforced 11\n",
		"lifeboat upgrade 1\nimage /i\nforced 1\nforced 1\n",
		"lifeboat upgrade 1\nimage /i\nerase 1\n",
	};
	struct lb_upgrade_job out;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(lb_upgrade_job_parse(&out, wrong[i], strlen(wrong[i])),
				 LB_E(FORMAT));
}

static void job__path_with_a_line_end__is_not_written(void **state)
{
	const struct lb_upgrade_job job = {.image = "/tmp/a\nforced 1"};
	char text[LB_UPGRADE_JOB_MAX];

	assert_int_equal(lb_upgrade_job_encode(&job, text), LB_E(RANGE));
}

/* One letter for each step that is carried out; `fails` is the one that does, with `error`. */
static const char *walk(enum lb_upgrade_stage stage, bool settings, int fails, int error)
{
	static const char letters[] = "CWNPETob";
	const struct lb_upgrade_sense sense = {.stage = stage, .settings = settings};
	static char steps[16];
	struct lb_upgrade_plan p;
	size_t n = 0;

	lb_upgrade_begin(&p, &sense);
	while (!lb_upgrade_is_over(&p)) {
		steps[n++] = letters[p.step];
		lb_upgrade_next(&p, (int)p.step == fails ? error : 0);
	}
	(void)snprintf(steps + n, sizeof(steps) - n, "%c%d", letters[p.step], (int)p.outcome);
	return steps;
}

static void plan__of_each_stage__goes_on_where_it_was_cut(void **state)
{
	assert_string_equal(walk(LB_UPGRADE_NONE, true, -1, 0), "CWNPETo1");
	assert_string_equal(walk(LB_UPGRADE_ASKED, true, -1, 0), "CWNPETo1");
	assert_string_equal(walk(LB_UPGRADE_ASKED, false, -1, 0), "CWNETo1");
	assert_string_equal(walk(LB_UPGRADE_BEGUN, true, -1, 0), "CWNPETo1");
	assert_string_equal(walk(LB_UPGRADE_WRITTEN, true, -1, 0), "CPETo1");
}

static void plan__failure_before_the_first_write__leaves_the_old_system(void **state)
{
	assert_string_equal(walk(LB_UPGRADE_ASKED, true, LB_UPGRADE_STEP_CHECK, LB_E(NOENT)),
			    "CETo2");
	assert_string_equal(walk(LB_UPGRADE_ASKED, true, LB_UPGRADE_STEP_WRITE, LB_E(STATE)),
			    "CWETo2");
}

static void plan__failure_once_the_root_is_not_whole__keeps_the_request(void **state)
{
	assert_string_equal(walk(LB_UPGRADE_BEGUN, true, LB_UPGRADE_STEP_CHECK, LB_E(NOENT)),
			    "Cb0");
	assert_string_equal(walk(LB_UPGRADE_WRITTEN, true, LB_UPGRADE_STEP_CHECK, LB_E(NOENT)),
			    "Cb0");
	assert_string_equal(walk(LB_UPGRADE_BEGUN, true, LB_UPGRADE_STEP_WRITE, LB_E(STATE)),
			    "CWb0");
	assert_string_equal(walk(LB_UPGRADE_ASKED, true, LB_UPGRADE_STEP_WRITE, LB_E(IO)), "CWb0");
}

static void plan__settings_that_cannot_be_placed__are_not_thrown_away(void **state)
{
	assert_string_equal(walk(LB_UPGRADE_ASKED, true, LB_UPGRADE_STEP_PLACE, LB_E(NOSPC)),
			    "CWNPEo3");
	assert_string_equal(walk(LB_UPGRADE_ASKED, true, LB_UPGRADE_STEP_END, LB_E(IO)), "CWNPEb1");
	assert_string_equal(walk(LB_UPGRADE_ASKED, true, LB_UPGRADE_STEP_NOTE, LB_E(IO)),
			    "CWNPETo1");
}

static void boot__finds_a_request__goes_on_only_where_the_image_was_kept(void **state)
{
	assert_int_equal(lb_upgrade_at_boot(LB_UPGRADE_NONE, true), LB_UPGRADE_BOOT_AS_EVER);
	assert_int_equal(lb_upgrade_at_boot(LB_UPGRADE_ASKED, true), LB_UPGRADE_BOOT_RESUME);
	assert_int_equal(lb_upgrade_at_boot(LB_UPGRADE_BEGUN, true), LB_UPGRADE_BOOT_RESUME);
	assert_int_equal(lb_upgrade_at_boot(LB_UPGRADE_WRITTEN, true), LB_UPGRADE_BOOT_RESUME);
	assert_int_equal(lb_upgrade_at_boot(LB_UPGRADE_BEGUN, false), LB_UPGRADE_BOOT_TRY);
}

TESTS(cmocka_unit_test(job__written_and_read__is_the_same),
      cmocka_unit_test(job__every_truncation__is_refused_and_out_untouched),
      cmocka_unit_test(job__other_words_twice_or_relative_paths__are_refused),
      cmocka_unit_test(job__path_with_a_line_end__is_not_written),
      cmocka_unit_test(plan__of_each_stage__goes_on_where_it_was_cut),
      cmocka_unit_test(plan__failure_before_the_first_write__leaves_the_old_system),
      cmocka_unit_test(plan__failure_once_the_root_is_not_whole__keeps_the_request),
      cmocka_unit_test(plan__settings_that_cannot_be_placed__are_not_thrown_away),
      cmocka_unit_test(boot__finds_a_request__goes_on_only_where_the_image_was_kept))

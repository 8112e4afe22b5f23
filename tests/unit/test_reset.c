#include "tests/t.h"

#include "plan/reset.h"

/* Run a plan in which one step fails (or none: LB_RESET_DONE never runs) and write down the steps.
 */
static struct lb_reset_plan run(struct lb_reset_sense sense, enum lb_reset_step failing,
				char *steps)
{
	static const char letters[] = {[LB_RESET_MARK] = 'm',
				       [LB_RESET_REQUEST] = 'q',
				       [LB_RESET_DELETE] = 'd',
				       [LB_RESET_FREEZE] = 'f',
				       [LB_RESET_ERASE] = 'e'};
	struct lb_reset_plan p;

	lb_reset_begin(&p, &sense);
	for (int i = 0; p.step != LB_RESET_DONE && p.step != LB_RESET_FAILED; i++) {
		assert_true(i < 8);
		*steps++ = letters[p.step];
		*steps = '\0';
		lb_reset_next(&p, p.step == failing ? LB_E(IO) : 0);
	}
	return p;
}

static const struct row {
	struct lb_reset_sense sense;
	enum lb_reset_step failing;
	const char *steps;
	enum lb_reset_step end;
	enum lb_reset_why why;
	bool committed;
} rows[] = {
	/* Not mounted: constant time, whatever the size. */
	{{0}, LB_RESET_DONE, "m", LB_RESET_DONE, LB_RESET_WHY_NOTHING, true},
	{{0}, LB_RESET_MARK, "m", LB_RESET_FAILED, LB_RESET_WHY_NOT_MARKED, false},
	/* Mounted. */
	{{.mounted = 1, .writable = 1},
	 LB_RESET_DONE,
	 "md",
	 LB_RESET_DONE,
	 LB_RESET_WHY_NOTHING,
	 true},
	{{.mounted = 1, .writable = 1},
	 LB_RESET_MARK,
	 "mqd",
	 LB_RESET_DONE,
	 LB_RESET_WHY_NOTHING,
	 true},
	{{.mounted = 1, .writable = 1},
	 LB_RESET_DELETE,
	 "md",
	 LB_RESET_DONE,
	 LB_RESET_WHY_NOT_DELETED,
	 true},
	/* Read-only after an error: OpenWrt cannot reset it at all. */
	{{.mounted = 1}, LB_RESET_DONE, "m", LB_RESET_DONE, LB_RESET_WHY_NOTHING, true},
	{{.mounted = 1}, LB_RESET_MARK, "m", LB_RESET_FAILED, LB_RESET_WHY_NOT_MARKED, false},
	/* -k */
	{{.mounted = 1, .writable = 1, .keep = 1},
	 LB_RESET_DONE,
	 "qd",
	 LB_RESET_DONE,
	 LB_RESET_WHY_NOTHING,
	 true},
	{{.mounted = 1, .writable = 1, .keep = 1},
	 LB_RESET_REQUEST,
	 "q",
	 LB_RESET_FAILED,
	 LB_RESET_WHY_NOT_REQUESTED,
	 false},
	{{.keep = 1}, LB_RESET_DONE, "", LB_RESET_FAILED, LB_RESET_WHY_KEEP_UNMOUNTED, false},
	/* --erase */
	{{.erase = 1}, LB_RESET_DONE, "me", LB_RESET_DONE, LB_RESET_WHY_NOTHING, true},
	{{.erase = 1}, LB_RESET_ERASE, "me", LB_RESET_FAILED, LB_RESET_WHY_NOT_ERASED, true},
	{{.erase = 1, .mounted = 1, .writable = 1},
	 LB_RESET_DONE,
	 "",
	 LB_RESET_FAILED,
	 LB_RESET_WHY_ERASE_MOUNTED,
	 false},
	{{.erase = 1, .mounted = 1, .writable = 1, .reboot = 1},
	 LB_RESET_DONE,
	 "mfe",
	 LB_RESET_DONE,
	 LB_RESET_WHY_NOTHING,
	 true},
	{{.erase = 1, .mounted = 1, .writable = 1, .reboot = 1},
	 LB_RESET_FREEZE,
	 "mf",
	 LB_RESET_FAILED,
	 LB_RESET_WHY_NOT_FROZEN,
	 true},
	{{.erase = 1, .mounted = 1, .writable = 1, .reboot = 1, .locked = 1},
	 LB_RESET_DONE,
	 "",
	 LB_RESET_FAILED,
	 LB_RESET_WHY_ERASE_LOCKED,
	 false},
	{{.erase = 1, .mounted = 1, .reboot = 1, .keep = 1},
	 LB_RESET_DONE,
	 "",
	 LB_RESET_FAILED,
	 LB_RESET_WHY_ERASE_KEEP,
	 false},
};

static void reset__each_situation__takes_its_steps_and_ends_where_it_should(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char steps[16] = "";
		struct lb_reset_plan p = run(rows[i].sense, rows[i].failing, steps);

		print_message("row %zu\n", i);
		assert_string_equal(steps, rows[i].steps);
		assert_int_equal(p.step, rows[i].end);
		assert_int_equal(p.why, rows[i].why);
		assert_int_equal(p.committed, rows[i].committed);
	}
}

static struct lb_reset_sense sense_of(unsigned bits)
{
	return (struct lb_reset_sense){.mounted = bits & 1,
				       .writable = bits >> 1 & 1,
				       .keep = bits >> 2 & 1,
				       .erase = bits >> 3 & 1,
				       .reboot = bits >> 4 & 1};
}

static void reset__nothing_is_destroyed_before_it_is_committed(void **state)
{
	for (unsigned bits = 0; bits < 32; bits++) {
		for (int failing = LB_RESET_MARK; failing <= LB_RESET_DONE; failing++) {
			char steps[16] = "";
			struct lb_reset_plan p =
				run(sense_of(bits), (enum lb_reset_step)failing, steps);

			if (!p.committed)
				assert_null(strpbrk(steps, "dfe"));
			assert_true(strpbrk(steps, "de") == NULL || steps[0] == 'm' ||
				    steps[0] == 'q');
			assert_true((p.step == LB_RESET_FAILED) <=
				    (lb_reset_why_text(p.why)[0] != '\0'));
		}
	}
}

static void reset__keeping_a_file__never_marks_for_formatting(void **state)
{
	for (unsigned bits = 0; bits < 32; bits++) {
		char steps[16] = "";

		(void)run(sense_of(bits | 4), LB_RESET_DONE, steps);
		assert_null(strpbrk(steps, "me"));
	}
}

TESTS(unit(reset__each_situation__takes_its_steps_and_ends_where_it_should),
      unit(reset__nothing_is_destroyed_before_it_is_committed),
      unit(reset__keeping_a_file__never_marks_for_formatting))

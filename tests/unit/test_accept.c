/* Would this board take this image, and why not? */
#include "tests/t.h"

#include "image/accept.h"
#include "image/version.h"

static const char image_boards[2][LB_NAME_MAX] = {"acme,router-1", "acme_router-1-old"};
static const char board_names[1][LB_NAME_MAX] = {"R-ONE"};

static struct lb_offer good_offer(void)
{
	return (struct lb_offer){.kind = LB_IMAGE_TAR,
				 .damage = "",
				 .has_metadata = true,
				 .boards = image_boards,
				 .board_count = 2,
				 .other_board = "",
				 .version = "23.05.3",
				 .compat_version = "",
				 .compat_message = "",
				 .size_bytes = 1 << 20,
				 .trust = LB_TRUST_NONE,
				 .key_id = ""};
}

static struct lb_taker good_taker(void)
{
	return (struct lb_taker){.id = "acme,router-1",
				 .names = board_names,
				 .name_count = 1,
				 .compat_version = "",
				 .min_version = "",
				 .door_words = "",
				 .keep_settings = true};
}

static void assert_taken(const struct lb_offer *o, const struct lb_taker *t)
{
	struct lb_verdict v;

	lb_accept(&v, o, t);
	if (lb_verdict_first(&v) != LB_REFUSAL_COUNT)
		fail_msg("refused: %s", v.why[lb_verdict_first(&v)]);
}

/* For this reason, and for no other. */
static void assert_refused(const struct lb_offer *o, const struct lb_taker *t, enum lb_refusal why,
			   const char *sentence)
{
	struct lb_verdict v;

	lb_accept(&v, o, t);
	for (int r = 0; r < LB_REFUSAL_COUNT; r++)
		assert_int_equal(v.refused[r], r == (int)why);
	assert_string_equal(v.why[why], sentence);
}

static void image_for_this_board__by_any_of_its_names__is_taken(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();

	assert_taken(&o, &t);
	t.id = "acme,router-1-old"; /* ',' and '_' are the same */
	assert_taken(&o, &t);
	o.boards = board_names;
	o.board_count = 1;
	assert_taken(&o, &t);
}

static void image_for_another_board__is_refused_with_both_names(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();

	t.id = "acme,router-2";
	assert_refused(&o, &t, LB_REFUSAL_BOARD,
		       "it is for acme,router-1 and others, and this board is acme,router-2");
	t.id = "acme,router-"; /* the start of a name is no name */
	o.board_count = 1;
	assert_refused(&o, &t, LB_REFUSAL_BOARD,
		       "it is for acme,router-1, and this board is acme,router-");
	t.id = "";
	assert_taken(&o, &t);
}

static void image_without_a_board__only_a_disk_is_taken(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();
	struct lb_verdict v;

	o.board_count = 0;
	assert_refused(
		&o, &t, LB_REFUSAL_BOARD,
		"it does not say for which board it is: take the sysupgrade image of acme,router-1");
	o.kind = LB_IMAGE_GZIP;
	o.inside = LB_IMAGE_MBR;
	o.has_metadata = false;
	assert_taken(&o, &t);
	lb_accept(&v, &o, &t);
	assert_string_equal(v.note,
			    "the disk image does not say for which board it is: look at its name");
}

static void medkit_with_the_tree_of_another_board__is_refused_on_every_board(void **state)
{
	static const char omnia[1][LB_NAME_MAX] = {"omnia"};
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();

	o.kind = LB_IMAGE_GZIP;
	o.inside = LB_IMAGE_MEDKIT;
	o.has_metadata = false;
	o.boards = omnia;
	o.board_count = 1;
	o.other_board = "mox";
	t.id = "";
	assert_refused(
		&o, &t, LB_REFUSAL_BOARD,
		"its name says that it is for omnia, but it holds the device tree of mox: was it "
		"renamed?");
}

static void kinds__that_cannot_be_installed__say_what_to_do(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();
	static const struct {
		enum lb_image_kind kind, inside;
		const char *sentence;
	} rows[] = {
		{LB_IMAGE_NONE, LB_IMAGE_NONE,
		 "this is nothing that Lifeboat knows: is it the right file?"},
		{LB_IMAGE_CHK, LB_IMAGE_NONE,
		 "this is a Netgear CHK image for the maker's boot loader or web page: take the sysupgrade "
		 "image of this board"},
		{LB_IMAGE_SHRS, LB_IMAGE_NONE,
		 "this is an encrypted D-Link image: only the maker's own firmware can read it"},
		{LB_IMAGE_GZIP, LB_IMAGE_NONE,
		 "this is gzip-compressed, with nothing inside that can be installed"},
		{LB_IMAGE_ZIP, LB_IMAGE_NONE,
		 "this is a ZIP archive: unpack it and give the image that is in it"},
		{LB_IMAGE_GZIP, LB_IMAGE_BACKUP,
		 "this is a backup of settings, no firmware: restore it with sysupgrade -r"},
	};

	o.has_metadata = false;
	o.board_count = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		o.kind = rows[i].kind;
		o.inside = rows[i].inside;
		assert_refused(&o, &t, LB_REFUSAL_UNSUITED, rows[i].sentence);
	}
	/* OpenWrt's own images often have the header of the maker's boot loader. */
	o = good_offer();
	o.kind = LB_IMAGE_TPLINK_V1;
	assert_taken(&o, &t);
}

static void signature__each_state_and_policy__follows_the_rule(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();
	static const struct {
		enum lb_trust trust;
		bool required, beside, taken;
	} rows[] = {
		{LB_TRUST_NONE, false, false, true},
		{LB_TRUST_NONE, true, false, false},
		{LB_TRUST_GOOD, true, true, true},
		{LB_TRUST_WRONG, false, false, false},
		{LB_TRUST_REVOKED, false, false, false},
		{LB_TRUST_EXPIRED, false, false, false},
		{LB_TRUST_UNKNOWN, false, false, true},
		{LB_TRUST_UNKNOWN, false, true, false},
		{LB_TRUST_UNKNOWN, true, false, false},
		{LB_TRUST_UNREADABLE, false, false, true},
		{LB_TRUST_UNREADABLE, false, true, false},
		{LB_TRUST_UNREADABLE, true, false, false},
		{LB_TRUST_UNCHECKED, false, false, true},
		{LB_TRUST_UNCHECKED, false, true, false},
		{LB_TRUST_UNCHECKED, true, true, false},
		{LB_TRUST_READ_ONCE, false, false, false},
	};

	o.key_id = "0123456789abcdef";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_verdict v;

		o.trust = rows[i].trust;
		o.signature_beside = rows[i].beside;
		t.signature_required = rows[i].required;
		lb_accept(&v, &o, &t);
		assert_int_equal(!v.refused[LB_REFUSAL_SIGNATURE], rows[i].taken);
	}
	/* Without a board nobody is asked to take it. */
	o.trust = LB_TRUST_UNCHECKED;
	o.signature_beside = true;
	t.signature_required = false;
	t.id = "";
	assert_taken(&o, &t);
	t = good_taker();
	o.trust = LB_TRUST_NONE;
	o.signature_beside = false;
	t.signature_required = true;
	t.door_words = "over the network ";
	assert_refused(
		&o, &t, LB_REFUSAL_SIGNATURE,
		"it is not signed, and over the network this board takes signed images only");
}

static void compat__major_always_minor_with_settings__is_refused(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();

	o.compat_version = "1.0";
	assert_taken(&o, &t);
	o.compat_version = "1.1";
	o.compat_message = "DSA migration";
	assert_refused(
		&o, &t, LB_REFUSAL_COMPAT,
		"it has compat_version 1.1 and this board 1.0: install it without the settings "
		"(-n): DSA migration");
	t.ignore_minor = true;
	assert_taken(&o, &t);
	t.ignore_minor = false;
	t.keep_settings = false;
	assert_taken(&o, &t);
	o.compat_version = "2.0";
	assert_refused(
		&o, &t, LB_REFUSAL_COMPAT,
		"it has compat_version 2.0 and this board 1.0: it cannot be installed from here: "
		"DSA migration");
	t.compat_version = "2.0";
	assert_taken(&o, &t);
}

static void min_version__older_or_unknown__is_refused(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();

	t.min_version = "23.05.3";
	assert_taken(&o, &t);
	t.min_version = "23.05.10";
	assert_refused(&o, &t, LB_REFUSAL_OLD,
		       "it is version 23.05.3, and this board takes 23.05.10 and later only");
	o.version = "SNAPSHOT";
	assert_refused(
		&o, &t, LB_REFUSAL_OLD,
		"it does not say a version that can be compared: SNAPSHOT, and this board takes "
		"23.05.10 and later only");
}

static void size__more_than_the_place_has__is_refused(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();

	o.size_bytes = (UINT64_C(5) << 30) + 1;
	t.max_bytes = (UINT64_C(5) << 30) + 1;
	assert_taken(&o, &t);
	t.max_bytes = UINT64_C(5) << 30;
	assert_refused(&o, &t, LB_REFUSAL_SIZE,
		       "it takes 5242881 KiB, and its place on this board has 5242880 KiB");
}

static void signature__certificate_younger_than_the_clock__is_taken_with_a_note(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();
	struct lb_verdict v;

	o.trust = LB_TRUST_GOOD;
	lb_accept(&v, &o, &t);
	assert_string_equal(v.note, "");
	o.clock_behind = true;
	assert_taken(&o, &t);
	lb_accept(&v, &o, &t);
	assert_string_equal(v.note, "the clock of this device is behind: whether a certificate has "
				    "expired is not known");
}

static void several_reasons__the_first_of_the_table__gives_the_exit_status(void **state)
{
	struct lb_offer o = good_offer();
	struct lb_taker t = good_taker();
	struct lb_verdict v;

	o.damage = "ends early";
	o.trust = LB_TRUST_WRONG;
	t.id = "x";
	lb_accept(&v, &o, &t);
	assert_true(v.refused[LB_REFUSAL_DAMAGED] && v.refused[LB_REFUSAL_BOARD] &&
		    v.refused[LB_REFUSAL_SIGNATURE]);
	assert_int_equal(lb_verdict_first(&v), LB_REFUSAL_DAMAGED);
	assert_string_equal(v.why[LB_REFUSAL_DAMAGED], "it ends early");
	assert_int_equal(lb_refusal_code(LB_REFUSAL_DAMAGED), 2);
	assert_string_equal(lb_refusal_name(LB_REFUSAL_SIZE), "too-large");
}

static void versions__pairs_that_people_have__are_in_order(void **state)
{
	static const char *const ascending[] = {
		"1",	   "19.07.9", "21.02.0-rc1", "21.02.0-rc2", "21.02.0-rc10", "21.02.0",
		"21.02.1", "21.2.10", "24.10.0",     "25",	    "202001010000"};
	const int n = sizeof(ascending) / sizeof(ascending[0]);

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			assert_int_equal(lb_version_at_least(ascending[i], ascending[j]), i >= j);
	assert_int_equal(lb_version_at_least("23.05.3 r23809", "23.05.3"), 1);
	assert_int_equal(lb_version_at_least("23.05", "23.05.0"), 1);
	assert_int_equal(lb_version_at_least("SNAPSHOT", "1"), LB_E(FORMAT));
	assert_int_equal(lb_version_at_least("1", ""), LB_E(FORMAT));
	assert_int_equal(lb_version_at_least("1x", "1"), LB_E(FORMAT));
	assert_int_equal(lb_version_at_least("99999999999999999999", "1"), LB_E(FORMAT));
}

static void compat__texts_that_are_no_versions__differ_unless_equal(void **state)
{
	assert_int_equal(lb_compat_compare("", "1.0"), LB_COMPAT_SAME);
	assert_int_equal(lb_compat_compare("1.00", "1.0"), LB_COMPAT_SAME);
	assert_int_equal(lb_compat_compare("1.1", ""), LB_COMPAT_MINOR);
	assert_int_equal(lb_compat_compare("x", "x"), LB_COMPAT_SAME);
	assert_int_equal(lb_compat_compare("1", "1.0"), LB_COMPAT_MAJOR);
	assert_int_equal(lb_compat_compare("1.0x", "1.0"), LB_COMPAT_MAJOR);
	assert_int_equal(lb_compat_compare("1.0", "10.0"), LB_COMPAT_MAJOR);
}

TESTS(unit(image_for_this_board__by_any_of_its_names__is_taken),
      unit(image_for_another_board__is_refused_with_both_names),
      unit(image_without_a_board__only_a_disk_is_taken),
      unit(medkit_with_the_tree_of_another_board__is_refused_on_every_board),
      unit(kinds__that_cannot_be_installed__say_what_to_do),
      unit(signature__each_state_and_policy__follows_the_rule),
      unit(compat__major_always_minor_with_settings__is_refused),
      unit(min_version__older_or_unknown__is_refused),
      unit(size__more_than_the_place_has__is_refused),
      unit(signature__certificate_younger_than_the_clock__is_taken_with_a_note),
      unit(several_reasons__the_first_of_the_table__gives_the_exit_status),
      unit(versions__pairs_that_people_have__are_in_order),
      unit(compat__texts_that_are_no_versions__differ_unless_equal))

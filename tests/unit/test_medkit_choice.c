/* Which of several medkits is meant. What Turris' rescue takes: its helpers.sh. */
#include "tests/t.h"

#include "image/medkit_choice.h"

static bool meant(const char *a, const char *a_version, const char *b, const char *b_version)
{
	const struct lb_medkit_candidate x = {a, a_version}, y = {b, b_version};

	return lb_medkit_is_meant(&x, &y);
}

static void assert_before(const char *a, const char *a_version, const char *b,
			  const char *b_version)
{
	assert_true(meant(a, a_version, b, b_version));
	assert_false(meant(b, b_version, a, a_version));
}

static void choice__a_minimal_one_beside_a_full_one__full_is_meant(void **state)
{
	assert_before("mox-medkit-latest.tar.gz", "6.0", "mox-medkit-min-latest.tar.gz", "7.0");
	assert_before("mox-medkit-202001010000.tar.gz", "", "mox-medkit-min.tar.gz", "");
	assert_false(lb_medkit_is_minimal("mox-medkit-minsk.tar.gz"));
}

static void choice__latest_and_a_time_stamp__the_tree_decides(void **state)
{
	assert_before("mox-medkit-202611200000.tar.gz", "7.2.1", "mox-medkit-latest.tar.gz",
		      "7.2.0");
	assert_before("mox-medkit-latest.tar.gz", "7.10.0", "mox-medkit-202611200000.tar.gz",
		      "7.9.9");
}

static void choice__the_same_version__the_time_stamp_decides(void **state)
{
	assert_before("mox-medkit-202611200000.tar.gz", "7.2", "mox-medkit-202601010000.tar.gz",
		      "7.2");
	assert_before("medkit-mox-202611200000.tar.gz", "", "mox-medkit-202601010000.tar.gz", "");
}

static void choice__nothing_to_tell_them_apart__the_first_stays(void **state)
{
	assert_false(meant("mox-medkit-latest.tar.gz", "7.2", "mox-medkit-latest.tar.gz", "7.2"));
	assert_false(meant("mox-medkit-latest.tar.gz", "", "mox-medkit-202611200000.tar.gz", ""));
	assert_false(meant("mox-medkit-202611200000.tar.gz", "", "mox-medkit-latest.tar.gz", ""));
}

/* Turris' rescue takes that of the router's own contract only. */
static void choice__a_contract_in_the_name__tells_none_from_another(void **state)
{
	const char *const plain = "mox-medkit-latest.tar.gz",
			  *const contract = "mox-medkit-contract-cti-latest.tar.gz";

	assert_false(meant(contract, "7.2", plain, "7.2"));
	assert_false(meant(plain, "7.2", contract, "7.2"));
	assert_before(contract, "7.3", plain, "7.2");
	assert_before("medkit-mox-contract-cti-202611200000.tar.gz", "7.2",
		      "mox-medkit-202601010000.tar.gz", "7.2");
}

TESTS(unit(choice__a_minimal_one_beside_a_full_one__full_is_meant),
      unit(choice__latest_and_a_time_stamp__the_tree_decides),
      unit(choice__the_same_version__the_time_stamp_decides),
      unit(choice__a_contract_in_the_name__tells_none_from_another),
      unit(choice__nothing_to_tell_them_apart__the_first_stays))

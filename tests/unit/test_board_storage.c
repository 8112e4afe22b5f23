/* The keys of a board file that say what no reset touches. */
#include "tests/t.h"

#include "tests/unit/board_text.h"

static void parse__protected__is_a_list_of_bare_names(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "storage { protected = {\"radio data\", licence} }"), 0);
	assert_int_equal(b.protected_name_count, 2);
	assert_string_equal(b.protected_names[0], "radio data");
	assert_string_equal(b.protected_names[1], "licence");
	assert_refused("storage { protected = {\"MTD=art\"} }",
		       "b.conf:1: storage.protected must list names of partitions such as \"art\", "
		       "without place or kind, not \"MTD=art\"");
	assert_refused("storage { protected = {\"/dev/mtd2\"} }",
		       "b.conf:1: storage.protected must list names of partitions such as \"art\", "
		       "without place or kind, not \"/dev/mtd2\"");
	assert_refused(
		"storage { protected = {\"\"} }",
		"b.conf:1: storage.protected must not be empty: give it a value or leave the "
		"line out");
	assert_refused("storage { protected = {a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q} }",
		       "b.conf:1: storage.protected must list at most 16 names");
}

TESTS(unit(parse__protected__is_a_list_of_bare_names))

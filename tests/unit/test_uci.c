/* Files of OpenWrt's UCI as its programs write them and as people type them. */
#include "tests/t.h"

#include <stdio.h>

#include "plan/uci.h"

/* Every statement as "kind name=value;", then what is wrong. */
static const char *read_all(const char *text, size_t n)
{
	static const char *const kinds[] = {
		[LB_UCI_CONFIG] = "config", [LB_UCI_OPTION] = "option", [LB_UCI_LIST] = "list"};
	static char out[4096];
	struct lb_uci_item item;
	struct lb_uci u;
	size_t used = 0;
	int rc;

	out[0] = '\0';
	lb_uci_begin(&u, text, n);
	while ((rc = lb_uci_next(&u, &item)) > 0) {
		used += (size_t)snprintf(out + used, sizeof(out) - used, "%u %s %s=%s;", item.line,
					 kinds[item.kind], item.name, item.value);
		assert_true(used < sizeof(out));
	}
	if (rc < 0) {
		struct lb_uci_item before;

		memset(&item, 'u', sizeof(item));
		before = item;
		assert_int_equal(rc, LB_E(FORMAT));
		(void)snprintf(out + used, sizeof(out) - used, "! %u: %s", u.wrong_line, u.wrong);
		assert_int_equal(lb_uci_next(&u, &item), LB_E(FORMAT));
		assert_memory_equal(&item, &before, sizeof(item));
	}
	return out;
}

static void assert_reads(const char *text, const char *items)
{
	assert_string_equal(read_all(text, strlen(text)), items);
}

static void read__as_uci_writes_it__every_statement(void **state)
{
	assert_reads("\nconfig global\n\toption anon_swap '0'\n\toption delay_root '5'\n\n"
		     "config mount 'extroot'\n\toption target '/overlay'\n\tlist x 'a b'\n"
		     "\tlist x 'it'\\''s'\n\toption empty ''\n\n",
		     "2 config global=;3 option anon_swap=0;4 option delay_root=5;"
		     "6 config mount=extroot;7 option target=/overlay;8 list x=a b;9 list x=it's;"
		     "10 option empty=;");
	assert_reads("package fstab\n\nconfig a\n", "3 config a=;");
}

static void read__as_people_type_it__the_same(void **state)
{
	assert_reads("config mount # the stick\r\n option target /overlay\r\n  option\tlabel\t\"my "
		     "stick\" #x\r\n",
		     "1 config mount=;2 option target=/overlay;3 option label=my stick;");
	assert_reads("# all\n  # of it\nconfig a b;option c d;;option e 'f;#g'\noption h i#j",
		     "3 config a=b;3 option c=d;3 option e=f;#g;4 option h=i;");
	assert_reads("config a\noption b \"x\\\"y\\\\z\"\noption c x\\ y\noption d 'x\\y'\n",
		     "1 config a=;2 option b=x\"y\\z;3 option c=x y;4 option d=x\\y;");
	assert_reads("config a\noption b \\\n  c\noption d 'two\nlines'\noption e f\n",
		     "1 config a=;2 option b=c;4 option d=two\nlines;6 option e=f;");
	assert_reads("config a\noption b c", "1 config a=;2 option b=c;");
}

static void read__nothing_to_read__nothing(void **state)
{
	assert_reads("", "");
	assert_reads("\n \t\r\n;;#", "");
	assert_reads("package a\n", "");
}

static void read__what_is_no_uci__line_and_what_to_write(void **state)
{
	assert_reads("config a\n\n[b]\n",
		     "1 config a=;! 3: '[b]' is not known here: write config, option or list");
	assert_reads("config a\n option b 'c\n\n", "1 config a=;! 2: the quote ' is not closed");
	assert_reads("config a\noption b \"c\\", "1 config a=;! 2: the quote \" is not closed");
	assert_reads("option b c\n", "! 1: option 'b' before the first config");
	assert_reads("config\n", "! 1: config without a type");
	assert_reads("config ''\n", "! 1: a name of 0 bytes: it may have 1 to 63");
	assert_reads("config a\noption\n", "1 config a=;! 2: option without a name");
	assert_reads("config a\nlist b\n", "1 config a=;! 2: list without a value");
	assert_reads("config a\noption b my stick\n",
		     "1 config a=;! 2: a word too many behind 'my': put quotes around a value with "
		     "blanks");
	assert_reads("config a\\", "! 1: nothing behind the last backslash");
	assert_string_equal(read_all("config a\0b\n", 11), "! 1: a NUL byte: this is no text");
}

static void read__words_up_to_the_limit__fit_and_longer_ones_are_refused(void **state)
{
	char text[600];
	int n = snprintf(text, sizeof(text), "config a\noption b %0*d\n", LB_PATH_MAX - 1, 0);

	assert_non_null(strstr(read_all(text, (size_t)n), "option b=0000"));
	n = snprintf(text, sizeof(text), "config a\noption b %0*d\n", LB_PATH_MAX, 0);
	assert_string_equal(read_all(text, (size_t)n),
			    "1 config a=;! 2: a word of more than 255 bytes");
	n = snprintf(text, sizeof(text), "config %0*d\n", LB_NAME_MAX, 0);
	assert_string_equal(read_all(text, (size_t)n),
			    "! 1: a name of 64 bytes: it may have 1 to 63");
}

static void is_on__words_for_yes_and_others__only_those(void **state)
{
	assert_true(lb_uci_is_on("1") && lb_uci_is_on("on") && lb_uci_is_on("true") &&
		    lb_uci_is_on("yes") && lb_uci_is_on("enabled"));
	assert_false(lb_uci_is_on("0") || lb_uci_is_on("") || lb_uci_is_on("10") ||
		     lb_uci_is_on("off"));
}

TESTS(unit(read__as_uci_writes_it__every_statement), unit(read__as_people_type_it__the_same),
      unit(read__nothing_to_read__nothing), unit(read__what_is_no_uci__line_and_what_to_write),
      unit(read__words_up_to_the_limit__fit_and_longer_ones_are_refused),
      unit(is_on__words_for_yes_and_others__only_those))

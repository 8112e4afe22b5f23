/* The section "card" of a board file. */
#include <stdio.h>

#include "store/board_card.h"
#include "tests/unit/board_text.h"

#define CARD "card { device = /dev/mmcblk0\n"

static void card__not_in_the_file__no_table_is_ever_made(void **state)
{
	struct lb_board b;

	lb_board_defaults(&b);
	assert_string_equal(b.card_device, "");
	assert_int_equal(b.card.count, 0);
	assert_int_equal(lb_board_card_number(&b, "PARTLABEL=rootfs"), 0);
}

static void card__every_key__reaches_its_field(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, CARD "table = mbr first_mib = 4\n"
					"partitions = {\"boot 16 MiB\", \"rootfs rest\"} }\n"
					"storage { root = /dev/mmcblk0p2 }"),
			 0);
	assert_string_equal(b.card_device, "/dev/mmcblk0");
	assert_int_equal(b.card.kind, LB_PTABLE_MBR);
	assert_int_equal(b.card.first_mib, 4);
	assert_int_equal(b.card.count, 2);
	assert_string_equal(b.card.part[0].name, "boot");
	assert_int_equal(b.card.part[0].mib, 16);
	assert_string_equal(b.card.part[1].name, "rootfs");
	assert_int_equal(b.card.part[1].mib, 0);
}

static void card__places__by_name_and_by_the_kernels_node(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, CARD "partitions = {\"lifeboat 1 MiB\", \"rootfs rest\"} }"), 0);
	assert_int_equal(b.card.kind, LB_PTABLE_GPT);
	assert_int_equal(b.card.first_mib, 1);
	assert_int_equal(lb_board_card_number(&b, "PARTLABEL=rootfs"), 2);
	assert_int_equal(lb_board_card_number(&b, "/dev/mmcblk0p1"), 1);
	assert_int_equal(lb_board_card_number(&b, "/dev/mmcblk01"), 0);
	assert_int_equal(lb_board_card_number(&b, "PARTLABEL=root"), 0);
	assert_int_equal(lb_board_card_number(&b, "PARTUUID=1"), 0);
	assert_int_equal(parse(&b, "card { device = /dev/sda partitions = {\"a 1 MiB\"} }\n"
				   "storage { root = /dev/sda1 }"),
			 0);
	assert_int_equal(lb_board_card_number(&b, "/dev/sda1"), 1);
	b.card.kind = LB_PTABLE_MBR;
	assert_int_equal(lb_board_card_number(&b, "PARTLABEL=a"), 0);
}

static void card__wrong_partitions__one_sentence_says_what_to_write(void **state)
{
	static const char *const bad[] = {"rootfs",	   "rootfs 1",		"rootfs 0 MiB",
					  "rootfs -1 MiB", "a/b 1 MiB",		"rootfs 1 GiB",
					  " 1 MiB",	   "rootfs 9999999 MiB"};
	char file[200], said[300];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(file, sizeof(file), CARD "partitions = {\"%s\"} }", bad[i]);
		(void)snprintf(said, sizeof(said),
			       "b.conf:2: card.partitions must list names and sizes such as "
			       "\"lifeboat 1 MiB\" or \"rootfs rest\", not \"%s\"",
			       bad[i]);
		assert_refused(file, said);
	}
	assert_refused(CARD "partitions = {\"rootfs rest\", \"data 1 MiB\"} }",
		       "b.conf:2: card.partitions must have \"rest\" behind the last partition "
		       "only");
	assert_refused(CARD "partitions = {\"a 1 MiB\", \"a rest\"} }",
		       "b.conf:2: card.partitions lists \"a\" twice: give each its own name");
	assert_refused(CARD "table = dos }", "b.conf:2: card.table must be \"gpt\" or \"mbr\", not "
					     "\"dos\"");
}

static void card__parts_that_do_not_go_together__are_refused(void **state)
{
	assert_refused(CARD "}", "b.conf:1: card.device needs card.partitions: say what is to be "
				 "on the card");
	assert_refused("card {\npartitions = {\"rootfs rest\"} }",
		       "b.conf:2: card.partitions needs card.device: say which disk is the card");
	assert_refused(CARD "partitions = {\"other rest\"} }",
		       "b.conf:2: card.partitions does not have storage.root: with \"gpt\" name it "
		       "as in PARTLABEL=..., or let storage.root be card.device with the number "
		       "behind it");
	assert_refused(CARD "table = mbr\npartitions = {\"a 1 MiB\", \"b 1 MiB\", \"c 1 MiB\", "
			    "\"d 1 MiB\", \"e rest\"} }",
		       "b.conf:3: card.partitions lists more than the 4 partitions that an \"mbr\" "
		       "has room for");
}

static void card__record_that_no_partition_is_for__is_told_apart(void **state)
{
	static const struct {
		const char *record;
		bool lacks;
	} rows[] = {{"PARTLABEL=lifeboat", false}, {"PARTLABEL=other", true},
		    {"/dev/mmcblk0p1", false},	   {"/dev/mmcblk0p3", true},
		    {"MTD=lifeboat", false},	   {"/dev/sda1", false},
		    {"PARTLABEL=other:/a", true},  {"PARTLABEL=rootfs:/a", false}};
	struct lb_board b;
	char file[200];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(file, sizeof(file),
			       CARD "partitions = {\"lifeboat 1 MiB\", \"rootfs rest\"} }\n"
				    "storage { record = \"%s\" }",
			       rows[i].record);
		assert_int_equal(parse(&b, file), 0);
		assert_int_equal(lb_board_card_lacks_record(&b), rows[i].lacks);
	}
	assert_int_equal(parse(&b, "storage { record = \"PARTLABEL=other\" }"), 0);
	assert_false(lb_board_card_lacks_record(&b));
}

TESTS(unit(card__not_in_the_file__no_table_is_ever_made), unit(card__every_key__reaches_its_field),
      unit(card__places__by_name_and_by_the_kernels_node),
      unit(card__wrong_partitions__one_sentence_says_what_to_write),
      unit(card__parts_that_do_not_go_together__are_refused),
      unit(card__record_that_no_partition_is_for__is_told_apart))

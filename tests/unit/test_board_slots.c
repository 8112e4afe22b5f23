/* The keys of a board file that are about slots and health. */
#include "tests/t.h"

#include <stdio.h>

#include "tests/unit/board_text.h"

#define SLOT_A "slot a { root = \"PARTLABEL=rootfs_a\" }\n"
#define SLOT_B "slot b { root = \"PARTLABEL=rootfs_b\" }\n"

static void parse__two_slots__have_names_roots_and_their_rules(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, SLOT_A SLOT_B "slots { tries = 5 toggle = 0 stable_seconds = 60 "
						 "confirm_minutes = 10 store = record }"),
			 0);
	assert_int_equal(b.slot_count, 2);
	assert_string_equal(b.slots[0].name, "a");
	assert_string_equal(b.slots[0].root, "PARTLABEL=rootfs_a");
	assert_string_equal(b.slots[1].name, "b");
	assert_string_equal(b.slots[1].root, "PARTLABEL=rootfs_b");
	assert_int_equal(b.slot_tries, 5);
	assert_int_equal(b.slot_toggle, 0);
	assert_int_equal(b.slot_stable_ms, 60000);
	assert_int_equal(b.slot_confirm_minutes, 10);
	assert_int_equal(parse(&b, ""), 0);
	assert_int_equal(b.slot_count, 0);
	assert_int_equal(b.slot_tries, 3);
	assert_int_equal(b.slot_toggle, 3);
}

static void parse__slots__are_two_with_a_root_of_their_own_each(void **state)
{
	assert_refused(SLOT_A, "b.conf:1: there is one slot only: add the other one, or write its "
			       "place as storage.root");
	assert_refused(SLOT_A SLOT_B "slot c { root = \"/dev/sda3\" }",
		       "b.conf:3: there are more than 2 slots: take one of them out");
	assert_refused(SLOT_A "slot b { root = \"PARTLABEL=rootfs_a\" }",
		       "b.conf:2: slot \"b\" has the same root as slot \"a\": give it its own");
	assert_refused(
		"slot a { root = \"UBI=a\" kernel = \"UBI=a\" }",
		"b.conf:1: slot \"a\" has its kernel where its root is: give it its own place");
	assert_refused(SLOT_A "slot b { root = \"UBI=b\" kernel = \"PARTLABEL=rootfs_a\" }",
		       "b.conf:2: slot \"b\" has its kernel in a place of slot \"a\": give it its "
		       "own");
	assert_refused("slot a { root = \"UBI=a\" kernel = \"UBI=k\" }\n"
		       "slot b { root = \"UBI=b\" kernel = \"UBI=k\" }",
		       "b.conf:2: slot \"b\" has its kernel in a place of slot \"a\": give it its "
		       "own");
	assert_refused(
		"slot a { root = \"UBI=a\" kernel = \"UBI=k\" }\n"
		"slot b { root = \"UBI=k\" }",
		"b.conf:2: slot \"b\" has its root in a place of slot \"a\": give it its own");
	assert_refused(SLOT_A "slot b { }", "b.conf:2: slot \"b\" has no root: add a line such as  "
					    "root = \"PARTLABEL=rootfs_a\"");
	assert_refused(SLOT_A SLOT_A,
		       "b.conf:2: the name \"a\" is taken already: give this one another name");
	assert_refused(
		"slot sixteen-letters- { root = \"/dev/sda3\" }",
		"b.conf:1: the name of a slot must have 1 to 15 bytes: slot \"NAME\" { ... }");
	assert_refused(SLOT_A SLOT_B "storage { record = \"\" }",
		       "b.conf:1: slots need a place that remembers them: set storage.record");
	assert_refused("slots { tries = 0 }",
		       "b.conf:1: slots.tries must be a whole number from 1 to 50, not \"0\"");
	assert_refused("slots { store = paper }",
		       "b.conf:1: slots.store must be \"record\" or \"uboot-env\", not \"paper\"");
}

static void parse__slot_with_a_kernel__has_it_and_the_other_one_has_none(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "slot a { root = \"UBI=a\" kernel = \"MTD=kernel_a\" }\n"
				   "slot b { root = \"UBI=b\" }"),
			 0);
	assert_string_equal(b.slots[0].kernel, "MTD=kernel_a");
	assert_string_equal(b.slots[1].kernel, "");
}

static void parse__health__ports_interfaces_and_services(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b,
			       "health { seconds = 20 link = {eth0, eth1} address = {br-lan}\n"
			       "services = {\"tcp:22\", \"pid:/run/a.pid\", \"run:/bin/x y\"} }"),
			 0);
	assert_int_equal(b.health_ms, 20000);
	assert_int_equal(b.health_link_count, 2);
	assert_string_equal(b.health_links[1], "eth1");
	assert_int_equal(b.health_address_count, 1);
	assert_string_equal(b.health_addresses[0], "br-lan");
	assert_int_equal(b.health_service_count, 3);
	assert_int_equal(b.health_services[0].kind, LB_SERVICE_TCP);
	assert_int_equal(b.health_services[0].port, 22);
	assert_int_equal(b.health_services[1].kind, LB_SERVICE_PID);
	assert_string_equal(b.health_services[1].what, "/run/a.pid");
	assert_int_equal(b.health_services[2].kind, LB_SERVICE_RUN);
	assert_string_equal(b.health_services[2].what, "/bin/x y");
}

static void parse__health__refuses_what_is_no_service(void **state)
{
	static const char *const wrong[] = {
		"tcp:0", "tcp:65536", "tcp:22x", "tcp:", "udp:53", "pid:x",
		"run:",	 ":22",	      "22",	 "tcp",	 "tcp22:/"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[64], sentence[LB_SENTENCE_MAX];

		(void)snprintf(text, sizeof(text), "health { services = {\"%s\"} }", wrong[i]);
		(void)snprintf(
			sentence, sizeof(sentence),
			"b.conf:1: health.services must list services such as \"tcp:22\", "
			"\"pid:/run/dropbear.pid\" or \"run:/usr/sbin/is-online\", not \"%s\"",
			wrong[i]);
		assert_refused(text, sentence);
	}
	assert_refused("health { link = {\"a b\"} }",
		       "b.conf:1: health.link must list network interfaces such as \"eth0\", not "
		       "\"a b\"");
}

static void handover__of_the_system__is_one_of_the_ways(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, ""), 0);
	assert_int_equal(b.takeover, LB_TAKEOVER_AUTO);
	assert_int_equal(parse(&b, "system { handover = procd }"), 0);
	assert_int_equal(b.takeover, LB_TAKEOVER_PROCD);
	assert_refused("system { handover = runit }",
		       "b.conf:1: system.handover must be \"auto\", \"busybox\", \"procd\", "
		       "\"systemd\" or \"none\", not \"runit\"");
}

TESTS(unit(parse__two_slots__have_names_roots_and_their_rules),
      unit(parse__slots__are_two_with_a_root_of_their_own_each),
      unit(parse__slot_with_a_kernel__has_it_and_the_other_one_has_none),
      unit(parse__health__ports_interfaces_and_services),
      unit(handover__of_the_system__is_one_of_the_ways),
      unit(parse__health__refuses_what_is_no_service))

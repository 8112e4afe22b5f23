/* Which ports carry the rescue address, of those that a board file calls LAN, WAN, or both. */
#include "tests/t.h"

#include <stdbool.h>
#include <stdio.h>

#include "lifeboat/lan.h"

static struct lb_machine machine, taken = {.wan_taken = true};
static struct {
	bool called, take;
	char ports[64], wan_ports[64];
} asked;

static void join(char out[64], const char (*names)[LB_IFNAME_MAX], size_t count)
{
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		(void)snprintf(out + strlen(out), 64 - strlen(out), "%s%s", i ? " " : "", names[i]);
}

int lb_lan_up(struct lb_lan *l, const struct lb_lan_config *config)
{
	asked.called = true;
	asked.take = config->take;
	join(asked.ports, config->ports, config->port_count);
	join(asked.wan_ports, config->wan_ports, config->wan_port_count);
	return 0;
}

static int forget(void **state)
{
	memset(&asked, 0, sizeof(asked));
	return 0;
}

static void lan__port_in_both_lists__is_lan_until_the_wan_is_taken(void **state)
{
	const struct lb_board b = {.lan_ports = {"eth0", "eth1"},
				   .lan_port_count = 2,
				   .wan_ports = {"eth1", "eth2"},
				   .wan_port_count = 2};

	assert_int_equal(lb_lan_up_for(&machine, &b), 0);
	assert_string_equal(asked.ports, "eth0 eth1");
	assert_string_equal(asked.wan_ports, "eth2");
	assert_false(asked.take);
	assert_int_equal(lb_lan_up_for(&taken, &b), 0);
	assert_string_equal(asked.ports, "eth0");
	assert_string_equal(asked.wan_ports, "eth1 eth2");
	assert_false(asked.take);
	assert_int_equal(lb_lan_take_for(&machine, &b),
			 0); /* what the system had plugged in there */
	assert_string_equal(asked.ports, "eth0");
	assert_true(asked.take);
}

static void lan__only_port_is_in_both_lists__no_other_one_is_looked_for(void **state)
{
	const struct lb_board b = {.lan_ports = {"eth0"},
				   .lan_port_count = 1,
				   .wan_ports = {"eth0"},
				   .wan_port_count = 1};

	assert_int_equal(lb_lan_up_for(&taken, &b), LB_E(BUSY));
	assert_int_equal(lb_lan_take_for(&machine, &b), LB_E(BUSY));
	assert_false(asked.called);
	assert_int_equal(lb_lan_up_for(&machine, &b), 0);
	assert_string_equal(asked.ports, "eth0");
	assert_string_equal(asked.wan_ports, "");
}

static void lan__board_names_no_lan_port__the_first_that_is_no_wan_port(void **state)
{
	const struct lb_board b = {.wan_ports = {"eth0"}, .wan_port_count = 1};

	assert_int_equal(lb_lan_up_for(&taken, &b), 0);
	assert_string_equal(asked.ports, "");
	assert_string_equal(asked.wan_ports, "eth0");
	assert_int_equal(lb_lan_up_for(&machine, &b), 0);
	assert_string_equal(asked.wan_ports, "eth0");
}

#define fresh(f) cmocka_unit_test_setup(f, forget)

TESTS(fresh(lan__port_in_both_lists__is_lan_until_the_wan_is_taken),
      fresh(lan__only_port_is_in_both_lists__no_other_one_is_looked_for),
      fresh(lan__board_names_no_lan_port__the_first_that_is_no_wan_port))

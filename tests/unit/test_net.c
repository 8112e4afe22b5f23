#include "tests/t.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plat/linux/files/files.h"
#include "plat/linux/machine/net.h"

#define ADDRESS 0xc0a80101u /* 192.168.1.1 */

/* lan1 and lan2 with their cables' other ends, wan likewise; a network namespace of this test. */
static const char lan_ports[][LB_IFNAME_MAX] = {"lan1", "lan2"};
static const char wan_ports[][LB_IFNAME_MAX] = {"wan"};
static bool may;

static struct lb_lan_config config_of(size_t lan_count)
{
	return (struct lb_lan_config){.ports = lan_ports,
				      .port_count = lan_count,
				      .wan_ports = wan_ports,
				      .wan_port_count = 1,
				      .address = ADDRESS,
				      .prefix_bits = 24};
}

static int make_net(void **state)
{
	may = unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
	      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	      mount("sysfs", "/sys", "sysfs", 0, NULL) == 0 &&
	      mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0 && /* what ip(8) leaves there goes */
	      system("ip link add lan1 type veth peer name pc1 && ip link add lan2 type veth peer "
		     "name pc2 && ip link add wan type veth peer name isp && "
		     "ip link set pc1 up && ip link set pc2 up && ip link set isp up") == 0;
	return 0;
}

static void need_net(void)
{
	if (!may)
		skip(); /* only root gets network namespaces, and some containers not even then */
}

static bool is_up(const char *device)
{
	struct ifreq r = {0};
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	bool up;

	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", device);
	up = ioctl(sock, SIOCGIFFLAGS, &r) == 0 && r.ifr_flags & IFF_UP;
	assert_int_equal(close(sock), 0);
	return up;
}

static bool is_bridged(const char *device)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/brport", device);
	return access(path, F_OK) == 0;
}

static void assert_untouched(void)
{
	assert_int_equal(if_nametoindex(LB_BRIDGE), 0);
	assert_false(is_up("lan1"));
	assert_false(is_up("lan2"));
	assert_false(is_up("wan"));
}

static void lan__two_ports__are_bridged_and_the_wan_port_stays_down(void **state)
{
	struct lb_lan_config config = config_of(2);
	struct lb_lan lan;

	need_net();
	assert_int_equal(lb_lan_up(&lan, &config), 0);
	assert_string_equal(lan.device, LB_BRIDGE);
	assert_true(is_bridged("lan1") && is_bridged("lan2"));
	assert_true(is_up("lan1") && is_up("lan2") && is_up(LB_BRIDGE));
	assert_false(is_up("wan") || is_bridged("wan"));
	lb_lan_down(&lan);
	assert_untouched();
}

static void lan__one_port_in_another_bridge__the_others_answer(void **state)
{
	struct lb_lan_config config = config_of(2);
	struct lb_lan lan;

	need_net();
	assert_int_equal(system("ip link add other type bridge && ip link set lan1 master other"),
			 0);
	assert_int_equal(lb_lan_up(&lan, &config), 0);
	assert_string_equal(lan.device, LB_BRIDGE);
	assert_false(access("/sys/class/net/" LB_BRIDGE "/brif/lan2", F_OK) < 0);
	lb_lan_down(&lan);
	assert_int_equal(system("ip link del other"), 0);
	assert_untouched();
}

static void lan__no_port_can_be_bridged__no_bridge_is_left_and_the_first_answers(void **state)
{
	struct lb_lan_config config = config_of(2);
	struct lb_lan lan;

	need_net();
	assert_int_equal(system("ip link add other type bridge && ip link set lan1 master other && "
				"ip link set lan2 master other"),
			 0);
	assert_int_equal(lb_lan_up(&lan, &config), 0);
	assert_string_equal(lan.device, "lan1");
	assert_int_equal(if_nametoindex(LB_BRIDGE), 0);
	lb_lan_down(&lan);
	assert_int_equal(system("ip link del other"), 0);
	assert_untouched();
}

static void lan__taken_from_another_bridge__its_ports_are_ours_and_it_is_down(void **state)
{
	struct lb_lan_config config = config_of(2);
	struct lb_lan lan;

	need_net();
	config.take = true;
	assert_int_equal(system("ip link add other type bridge && ip addr add 192.168.1.1/24 dev "
				"other && ip link set lan1 master other && "
				"ip link set lan2 master other && ip link set other up"),
			 0);
	assert_int_equal(lb_lan_up(&lan, &config), 0);
	assert_string_equal(lan.device, LB_BRIDGE);
	assert_false(access("/sys/class/net/" LB_BRIDGE "/brif/lan1", F_OK) < 0);
	assert_false(access("/sys/class/net/" LB_BRIDGE "/brif/lan2", F_OK) < 0);
	assert_false(is_up("other"));
	lb_lan_down(&lan);
	assert_int_equal(system("ip link del other"), 0);
	assert_untouched();
}

static void lan__port_that_is_a_wan_port_too__is_not_used(void **state)
{
	static const char both[][LB_IFNAME_MAX] = {"wan", "lan1"};
	struct lb_lan_config config = config_of(2);
	struct lb_lan lan;

	need_net();
	config.ports = both;
	assert_int_equal(lb_lan_up(&lan, &config), 0);
	assert_string_equal(lan.device, "lan1");
	assert_false(is_up("wan"));
	lb_lan_down(&lan);
	assert_untouched();
}

static void lan__no_port_is_there__noent(void **state)
{
	static const char absent[][LB_IFNAME_MAX] = {"lan7", "lan8"};
	struct lb_lan_config config = config_of(2);
	struct lb_lan lan;

	need_net();
	config.ports = absent; /* veth has no /device link: nothing to fall back to */
	assert_int_equal(lb_lan_up(&lan, &config), LB_E(NOENT));
	assert_untouched();
}

/* As `ip=` on the kernel command line leaves it: the WAN port is up and has an address. */
static void lan__wan_is_up_already__it_does_not_answer_for_the_rescue_address(void **state)
{
	struct lb_lan_config config = config_of(1);
	struct lb_lan lan;
	char before[8], after[8];

	need_net();
	assert_true(lb_file_read("/proc/sys/net/ipv4/conf/all/arp_ignore", before, 8) > 0);
	assert_int_equal(
		system("ip addr add 10.0.0.1/24 dev wan && ip link set wan up && "
		       "ip netns add lbtestisp$PPID && ip link set isp netns lbtestisp$PPID && "
		       "ip -n lbtestisp$PPID addr add 10.0.0.2/24 dev isp && "
		       "ip -n lbtestisp$PPID link set isp up && "
		       "ip -n lbtestisp$PPID route add 192.168.1.1 dev isp"),
		0);
	assert_int_equal(lb_lan_up(&lan, &config), 0);
	assert_int_not_equal(
		system("ip netns exec lbtestisp$PPID ping -c 1 -W 1 192.168.1.1 >/dev/null"), 0);
	assert_int_equal(system("ip netns exec lbtestisp$PPID ping -c 1 -W 1 10.0.0.1 >/dev/null"),
			 0);
	lb_lan_down(&lan);
	assert_true(lb_file_read("/proc/sys/net/ipv4/conf/all/arp_ignore", after, 8) > 0);
	assert_string_equal(after, before);
	assert_int_equal(system("ip netns del lbtestisp$PPID && ip link set wan down"), 0);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(lan__two_ports__are_bridged_and_the_wan_port_stays_down),
		unit(lan__one_port_in_another_bridge__the_others_answer),
		unit(lan__no_port_can_be_bridged__no_bridge_is_left_and_the_first_answers),
		unit(lan__taken_from_another_bridge__its_ports_are_ours_and_it_is_down),
		unit(lan__port_that_is_a_wan_port_too__is_not_used),
		unit(lan__no_port_is_there__noent),
		unit(lan__wan_is_up_already__it_does_not_answer_for_the_rescue_address),
	};

	return cmocka_run_group_tests(all, make_net, NULL);
}

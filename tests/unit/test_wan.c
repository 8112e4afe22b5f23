/* Against a real server for DHCP and router advertisements, dnsmasq, at the other end of the cable.
 */
#include "tests/t.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lifeboat/applet.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/machine/wan.h"

static const char ports[][LB_IFNAME_MAX] = {"gone", "wan"};
static const char board_dns[][LB_ADDRESS_MAX] = {"9.9.9.9"};
static bool may;
static unsigned again; /* how often it goes off and on */
static bool pulled;    /* once it was opened */
static pid_t server;

/* What a child of the test found out. */
struct found {
	int rc;
	struct lb_wan wan;
	char why[LB_SENTENCE_MAX], said[LB_SENTENCE_MAX], resolv_conf[1024];
	bool has_other_ports;
};

static int make_net(void **state)
{
	char path[LB_PATH_MAX];

	may = lb_program_find("udhcpc", path, sizeof(path)) == 0 &&
	      lb_program_find("dnsmasq", path, sizeof(path)) == 0 &&
	      access("/etc/resolv.conf", F_OK) == 0 && unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
	      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	      mount("sysfs", "/sys", "sysfs", 0, NULL) == 0 &&
	      mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0; /* what ip(8) leaves there goes */
	return 0;
}

static int plug(void **state)
{
	if (may)
		may = system("ip link add wan type veth peer name isp && ip link add lan1 type "
			     "veth peer name pc1 && ip addr add 192.0.2.1/24 dev isp && ip addr "
			     "add 2001:db8::1/64 dev isp nodad && ip link set isp up") == 0;
	return 0;
}

/* The kernel takes the network of a process that ended apart whenever it likes. */
static int unplug(void **state)
{
	if (server > 0) {
		assert_int_equal(kill(server, SIGKILL), 0);
		assert_int_equal(waitpid(server, NULL, 0), server);
	}
	server = 0;
	if (may) {
		(void)!system("ip link del lan1; ip link del isp 2>/run/was-gone");
		assert_int_equal(if_nametoindex("isp"), 0);
	}
	return 0;
}

static void need_net(void)
{
	if (!may)
		skip(); /* only root gets network namespaces, and some containers not even then */
}

#define V4	"--dhcp-range=192.0.2.100,192.0.2.110,255.255.255.0,1h"
#define V6	"--dhcp-range=::,constructor:isp,ra-only,64,1h"
#define DNS4	"--dhcp-option=option:dns-server,192.0.2.53"
#define DNS6	"--dhcp-option=option6:dns-server,[2001:db8::53],[fe80::53]"
#define NO_DNS4 "--dhcp-option=option:dns-server"

static void serve(const char *range, const char *dns)
{
	const char *const argv[] = {"dnsmasq",
				    "--keep-in-foreground",
				    "--conf-file=/dev/null",
				    "--user=root",
				    "--port=0",
				    "--no-ping",
				    "--leasefile-ro",
				    "--log-facility=/dev/null",
				    "--pid-file=",
				    "--interface=isp",
				    "--bind-interfaces",
				    "--enable-ra",
				    "--ra-param=isp,4,600",
				    dns,
				    range,
				    NULL};
	char path[LB_PATH_MAX];
	const pid_t parent = getpid();

	assert_int_equal(lb_program_find("dnsmasq", path, sizeof(path)), 0);
	server = lb_fork();
	assert_true(server >= 0);
	if (server == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
			(void)execv(path, (char *const *)argv);
		_exit(127);
	}
}

static void say(void *ctx, const char *line)
{
	(void)snprintf(ctx, LB_SENTENCE_MAX, "%s", line);
}

static void waits(void *ctx, const char *what)
{
}

static _Noreturn void look(const struct lb_wan_config *config, int to)
{
	static struct found found;

	found.wan = LB_WAN_CLOSED;
	found.rc = lb_wan_open(&found.wan, config, found.why);
	for (unsigned i = 0; found.rc == 0 && i <= again; i++) {
		if (i > 0)
			lb_wan_down(&found.wan);
		if (pulled)
			(void)!system("ip link del wan");
		found.rc = lb_wan_up(&found.wan, config, found.why);
	}
	memcpy(found.said, config->ctx, sizeof(found.said));
	found.has_other_ports = if_nametoindex("lan1") != 0;
	if (lb_file_read("/etc/resolv.conf", found.resolv_conf, sizeof(found.resolv_conf)) < 0)
		found.resolv_conf[0] = '\0';
	lb_wan_closep(&found.wan);
	_exit(write(to, &found, sizeof(found)) == (ssize_t)sizeof(found) ? 0 : 1);
}

static struct found get_online(size_t port_count, const char (*dns)[LB_ADDRESS_MAX])
{
	char self[LB_PATH_MAX] = "", said[LB_SENTENCE_MAX] = "";
	const struct lb_wan_config config = {.ports = ports,
					     .port_count = port_count,
					     .dns = dns,
					     .dns_count = dns ? 1 : 0,
					     .self = self,
					     .folder = "/run/lifeboat-wan",
					     .say = say,
					     .waits = waits,
					     .ctx = said};
	struct found found = {0};
	int ends[2], status;
	pid_t pid;

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = lb_fork();
	assert_true(pid >= 0);
	if (pid == 0)
		look(&config, ends[1]);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(read(ends[0], &found, sizeof(found)), sizeof(found));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(close(ends[0]), 0);
	return found;
}

static bool names(const struct found *f, const char *server_address)
{
	char line[LB_ADDRESS_MAX + 16];

	(void)snprintf(line, sizeof(line), "nameserver %s", server_address);
	return strstr(f->resolv_conf, line) != NULL;
}

static void wan__dhcp_only__is_online_by_ipv4_with_no_other_port_beside_it(void **state)
{
	struct found f;

	need_net();
	serve(V4, DNS4);
	f = get_online(2, board_dns);
	assert_int_equal(f.rc, 0);
	assert_string_equal(f.wan.device, "wan");
	assert_true(f.wan.online.v4);
	assert_in_range(f.wan.lease.address, 0xC0000264, 0xC000026E);
	assert_int_equal(f.wan.lease.router, 0xC0000201);
	assert_true(names(&f, "192.0.2.53"));
	assert_false(names(&f, "9.9.9.9"));
	assert_true(strncmp(f.said, "wan is online: 192.0.2.1", 24) == 0);
	assert_false(f.has_other_ports);
	assert_int_not_equal(if_nametoindex("lan1"), 0);
}

static void wan__off_and_on__is_online_once_more_with_its_name_servers(void **state)
{
	struct found f;

	need_net();
	serve(V4, DNS4);
	again = 2;
	f = get_online(2, board_dns);
	again = 0;
	assert_int_equal(f.rc, 0);
	assert_string_equal(f.resolv_conf, "nameserver 192.0.2.53");
	assert_true(strncmp(f.said, "wan is online: 192.0.2.1", 24) == 0);
}

static void wan__advertisements_only__is_online_by_ipv6_with_its_name_servers(void **state)
{
	struct found f;

	need_net();
	serve(V6, DNS6);
	f = get_online(2, NULL);
	assert_int_equal(f.rc, 0);
	assert_false(f.wan.online.v4);
	assert_true(f.wan.online.address6 && f.wan.online.route6);
	assert_true(names(&f, "2001:db8::53"));
	assert_true(names(&f, "fe80::53%wan"));
	assert_string_equal(f.said, "wan is online: IPv6");
}

static void wan__net_that_names_no_server__asks_those_of_the_board(void **state)
{
	struct found f;

	need_net();
	serve(V4, NO_DNS4);
	f = get_online(2, board_dns);
	assert_int_equal(f.rc, 0);
	assert_string_equal(f.resolv_conf, "nameserver 9.9.9.9");
}

static void wan__no_such_port__is_told(void **state)
{
	struct found f;

	need_net();
	f = get_online(1, NULL);
	assert_int_equal(f.rc, LB_E(NOENT));
	assert_string_equal(f.why, "this router has none of the board's WAN ports");
	f = get_online(0, NULL);
	assert_int_equal(f.rc, LB_E(NOENT));
	assert_string_equal(f.why, "the board file names no WAN port");
}

static void wan__port_is_pulled_out__is_told(void **state)
{
	struct found f;

	need_net();
	pulled = true;
	f = get_online(2, NULL);
	pulled = false;
	assert_int_equal(f.rc, LB_E(TIMEOUT));
	assert_string_equal(f.why,
			    "the WAN port is gone: plug it in, and switch the router off and on");
}

#define wired(f) cmocka_unit_test_setup_teardown(f, plug, unplug)

/* udhcpc starts this program as "dhcp_event", as it starts lifeboat. */
int main(int argc, char **argv)
{
	const struct CMUnitTest all[] = {
		wired(wan__dhcp_only__is_online_by_ipv4_with_no_other_port_beside_it),
		wired(wan__off_and_on__is_online_once_more_with_its_name_servers),
		wired(wan__advertisements_only__is_online_by_ipv6_with_its_name_servers),
		wired(wan__net_that_names_no_server__asks_those_of_the_board),
		wired(wan__no_such_port__is_told),
		wired(wan__port_is_pulled_out__is_told),
	};

	if (strstr(argv[0], "/dhcp_event"))
		return applet_dhcp_event(argc, argv);
	return cmocka_run_group_tests(all, make_net, NULL);
}

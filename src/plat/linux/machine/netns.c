#include "plat/linux/machine/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/* The kernel's answer: 0 or an errno. */
static int answer(int sock)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[512];
	} reply;
	const ssize_t n = recv(sock, &reply, sizeof(reply), 0);

	if (n < (ssize_t)(sizeof(reply.head) + sizeof(reply.error)) ||
	    reply.head.nlmsg_type != NLMSG_ERROR)
		return EPROTO;
	return -reply.error.error;
}

/* `sock` is of the network that the port is in, and `index` its number there. */
static int move(int sock, unsigned index, int netns)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
		struct rtattr where;
		int netns;
	} ask = {.head = {.nlmsg_len = sizeof(ask),
			  .nlmsg_type = RTM_NEWLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		 .link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index},
		 .where = {.rta_len = RTA_LENGTH(sizeof(int)), .rta_type = IFLA_NET_NS_FD},
		 .netns = netns};
	int failed;

	if (send(sock, &ask, sizeof(ask), 0) < 0)
		return lb_err_from_errno(errno);
	failed = answer(sock);
	return failed ? lb_err_from_errno(failed) : 0;
}

int lb_netns_enter(const char (*ports)[LB_IFNAME_MAX], size_t count)
{
	CLEANUP(lb_fd_closep)
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned indices[LB_LAN_PORTS_MAX];
	int moved = 0;

	if (sock < 0)
		return lb_err_from_errno(errno);
	for (size_t i = 0; i < count; i++)
		indices[i] = if_nametoindex(ports[i]);
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		return errno == EINVAL ? LB_E(UNSUP) : lb_err_from_errno(errno);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return lb_err_from_errno(errno);
	CLEANUP(lb_fd_closep) int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (netns < 0)
		return lb_err_from_errno(errno);
	for (size_t i = 0; i < count; i++) {
		const int rc = indices[i] ? move(sock, indices[i], netns) : LB_E(NOENT);

		if (rc == 0)
			moved++;
		else
			log_warn("the WAN port '%s' %s: going on without it", ports[i],
				 lb_strerror(rc));
	}
	return moved;
}

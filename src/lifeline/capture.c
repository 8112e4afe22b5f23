#include "lifeline/capture.h"

#include <pcap/pcap.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "proto/announce.h"
#include "proto/netmsg.h"

#define TEXT_OF(number)	   #number
#define NUMBER_TEXT(macro) TEXT_OF(macro)
#define OUR_PORTS                                                                     \
	"udp and (dst port " NUMBER_TEXT(LB_NETMSG_PORT) " or dst port " NUMBER_TEXT( \
		LB_ANNOUNCE_PORT) ")"
/* The kernel takes the tag out of a frame before it filters; where libpcap filters itself, the tag
 * is in place. "vlan" moves all that follows it behind the tag, so it comes last. */
#define FILTER	    "(" OUR_PORTS ") or (vlan and " OUR_PORTS ")"

#define SNAP_BYTES  2048 /* a full Ethernet frame with tags */
#define FRAMES_ONCE 64	 /* then the other interfaces get their turn */

static void pcap_closep(pcap_t **p)
{
	if (*p)
		pcap_close(*p);
}

static int say_why_not(int code, const char *interface, const char *detail,
		       char why[LB_SENTENCE_MAX])
{
	switch (code) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "not permitted to capture on %s: start lifeline with sudo, or give "
			       "it the capability once: sudo setcap cap_net_raw+ep "
			       "\"$(command -v lifeline)\"",
			       interface);
		return LB_E(AUTH);
	case PCAP_ERROR_NO_SUCH_DEVICE:
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "there is no interface %s: 'ip link' lists those of this PC",
			       interface);
		return LB_E(NOENT);
	case PCAP_ERROR_IFACE_NOT_UP:
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%s is switched off: switch it on with 'sudo ip link set %s up'",
			       interface, interface);
		return LB_E(NOENT);
	default:
		(void)snprintf(why, LB_SENTENCE_MAX, "cannot capture on %s: %.150s", interface,
			       detail);
		return LB_E(IO);
	}
}

static int start(pcap_t *p)
{
	/* Promiscuous, or the card drops frames with a VLAN tag that the PC does not use;
	 * immediate, or the kernel keeps a lone datagram back until a buffer fills. */
	(void)pcap_set_snaplen(p, SNAP_BYTES);
	(void)pcap_set_promisc(p, 1);
	(void)pcap_set_immediate_mode(p, 1);
	return pcap_activate(p);
}

static int set_filter(pcap_t *p)
{
	struct bpf_program program;
	int code = pcap_compile(p, &program, FILTER, 1, PCAP_NETMASK_UNKNOWN);

	if (code < 0)
		return code;
	code = pcap_setfilter(p, &program);
	pcap_freecode(&program);
	return code;
}

int lb_capture_open(struct lb_capture *out, const char *interface, char why[LB_SENTENCE_MAX])
{
	char detail[PCAP_ERRBUF_SIZE] = "";
	CLEANUP(pcap_closep) pcap_t *p = pcap_create(interface, detail);
	int code;

	if (!p)
		return say_why_not(PCAP_ERROR, interface, detail, why);
	code = start(p);
	if (code < 0)
		return say_why_not(code, interface, pcap_geterr(p), why);
	if (pcap_datalink(p) != DLT_EN10MB) {
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%s is not an Ethernet interface: name the one with the cable to "
			       "the router",
			       interface);
		return LB_E(UNSUP);
	}
	if (set_filter(p) < 0 || pcap_setnonblock(p, 1, detail) < 0)
		return say_why_not(PCAP_ERROR, interface, pcap_geterr(p), why);
	/* What this PC sends itself is no device. Not every kernel can tell; then it is shown. */
	(void)pcap_setdirection(p, PCAP_D_IN);
	*out = (struct lb_capture){.pcap = p, .fd = pcap_get_selectable_fd(p)};
	p = NULL;
	return 0;
}

struct taker {
	lb_capture_frame *take;
	void *ctx;
};

static void take_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *frame)
{
	const struct taker *t = (const void *)user;

	t->take(t->ctx, frame, header->caplen);
}

int lb_capture_read(struct lb_capture *c, lb_capture_frame *take, void *ctx,
		    char why[LB_SENTENCE_MAX])
{
	struct taker t = {.take = take, .ctx = ctx};

	if (pcap_dispatch(c->pcap, FRAMES_ONCE, take_frame, (u_char *)&t) >= 0)
		return 0;
	(void)snprintf(why, LB_SENTENCE_MAX, "%.200s", pcap_geterr(c->pcap));
	return LB_E(IO);
}

void lb_capture_close(struct lb_capture *c)
{
	pcap_closep(&c->pcap);
	*c = (struct lb_capture){.fd = -1};
}

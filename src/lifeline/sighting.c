#include "lifeline/sighting.h"

#include <string.h>

#include "lifeline/printable.h"
#include "tables/tables.h"

/* Texts of OpenWrt's preinit and the state that each stands for. */
static const struct {
	const char *start;
	enum lb_state state;
} openwrt_texts[] = {
	{LB_NETMSG_WINDOW_TEXT, LB_STATE_WINDOW},
	{"Entering Failsafe", LB_STATE_FAILSAFE},
	{"Continuing with Regular Preinit", LB_STATE_BOOTING},
	{"Doing OpenWrt Preinit", LB_STATE_STARTING},
};

static uint8_t state_of_text(const char *text)
{
	for (size_t i = 0; i < sizeof(openwrt_texts) / sizeof(openwrt_texts[0]); i++)
		if (strncmp(text, openwrt_texts[i].start, strlen(openwrt_texts[i].start)) == 0)
			return (uint8_t)openwrt_texts[i].state;
	return LB_STATE_NOT_SAID;
}

static int read_netmsg(struct lb_sighting *s, const struct lb_rd *payload)
{
	int err = lb_netmsg_decode(s->text, payload->p, lb_rd_left(payload));

	if (err < 0)
		return err;
	s->protocol = LB_PROTOCOL_OPENWRT;
	lb_printable(s->text);
	lb_announce_init(&s->announce);
	s->announce.state = state_of_text(s->text);
	s->announce.policy = LB_POLICY_OPEN; /* OpenWrt has no other */
	return 0;
}

static int read_announce(struct lb_sighting *s, const struct lb_rd *payload)
{
	int err = lb_announce_decode(&s->announce, payload->p, lb_rd_left(payload));

	if (err < 0)
		return err;
	s->protocol = LB_PROTOCOL_LIFEBOAT;
#define CLEAN_CODE(member)
#define CLEAN_NUMBER(member)
#define CLEAN_TEXT(member)			   lb_printable(s->announce.member);
#define FIELD(id, tag, kind, member, absent, help) CLEAN_##kind(member)
#include "tables/announce.def"
#undef FIELD
	return 0;
}

int lb_sighting_read(struct lb_sighting *out, const void *frame, size_t n)
{
	struct lb_sighting s = {0};
	struct lb_frame f;
	int err = lb_frame_parse(&f, frame, n);

	if (err < 0)
		return err;
	if (f.dst_port == LB_NETMSG_PORT)
		err = read_netmsg(&s, &f.payload);
	else if (f.dst_port == LB_ANNOUNCE_PORT)
		err = read_announce(&s, &f.payload);
	else
		err = LB_E(NOENT);
	if (err < 0)
		return err;
	memcpy(s.mac, f.src_mac, sizeof(s.mac));
	s.tagged = f.tagged;
	s.vlan = f.vlan;
	s.ip = f.src_ip;
	*out = s;
	return 0;
}

uint32_t lb_sighting_address(const struct lb_sighting *s)
{
	return s->announce.address ? s->announce.address : s->ip;
}

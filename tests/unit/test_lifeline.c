#include "tests/t.h"

#include "lifeline/printable.h"
#include "lifeline/words.h"
#include "tables/tables.h"

static struct lb_sessions sessions;

static int forget_all(void **state)
{
	memset(&sessions, 0, sizeof(sessions));
	return 0;
}

static struct lb_sighting lifeboat(uint8_t state, uint32_t left_ms)
{
	struct lb_sighting s = {
		.protocol = LB_PROTOCOL_LIFEBOAT,
		.mac = {2, 0, 0, 0, 0, 1},
		.ip = 0xC0A80101,
		.interface = "eth0",
	};

	lb_announce_init(&s.announce);
	s.announce.state = state;
	s.announce.left_ms = left_ms;
	strcpy(s.announce.name, "Virtual router");
	strcpy(s.announce.board, "lifeboat,virt");
	strcpy(s.announce.serial, "VD-1");
	return s;
}

static struct lb_sighting openwrt(uint8_t state, const char *text)
{
	struct lb_sighting s = {
		.protocol = LB_PROTOCOL_OPENWRT,
		.mac = {2, 0, 0, 0, 0, 1},
		.ip = 0xC0A80101,
		.interface = "eth0",
	};

	lb_announce_init(&s.announce);
	s.announce.state = state;
	strcpy(s.text, text);
	return s;
}

static enum lb_news see(struct lb_sighting seen, uint64_t at_ms)
{
	const struct lb_session *session;
	enum lb_news news = lb_sessions_see(&sessions, &seen, at_ms, &session);

	assert_int_equal(session == NULL, news == LB_NEWS_NONE);
	return news;
}

static void sessions__same_datagram_again__is_no_news(void **state)
{
	const struct lb_sighting w = openwrt(LB_STATE_WINDOW, LB_NETMSG_WINDOW_TEXT);

	assert_int_equal(see(w, 0), LB_NEWS_NEW);
	assert_int_equal(see(w, 1000), LB_NEWS_NONE);
	assert_int_equal(see(w, 2000), LB_NEWS_NONE);
	assert_int_equal(sessions.devices, 1);
}

static void sessions__countdown__is_said_sparsely(void **state)
{
	static const enum lb_news want[] = {
		LB_NEWS_NEW,  LB_NEWS_NONE, LB_NEWS_LEFT, LB_NEWS_NONE, LB_NEWS_NONE, LB_NEWS_NONE,
		LB_NEWS_NONE, LB_NEWS_LEFT, LB_NEWS_NONE, LB_NEWS_NONE, LB_NEWS_LEFT, LB_NEWS_NONE,
	};

	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(see(lifeboat(LB_STATE_WINDOW, (12 - i) * 1000), i * 1000),
				 want[i]);
}

static void sessions__each_field_a_person_acts_on__is_a_change(void **state)
{
	struct lb_sighting s = lifeboat(LB_STATE_WINDOW, LB_LEFT_NONE);

	assert_int_equal(see(s, 0), LB_NEWS_NEW);
	s.announce.state = LB_STATE_FAILSAFE;
	assert_int_equal(see(s, 1), LB_NEWS_CHANGED);
	s.announce.reason = LB_REASON_BUTTON;
	assert_int_equal(see(s, 2), LB_NEWS_CHANGED);
	s.announce.policy = LB_POLICY_LOCKED;
	assert_int_equal(see(s, 3), LB_NEWS_CHANGED);
	s.announce.address = 0xC0A80201;
	assert_int_equal(see(s, 4), LB_NEWS_CHANGED);
	strcpy(s.announce.host_key, "SHA256:abc");
	assert_int_equal(see(s, 5), LB_NEWS_CHANGED);
	strcpy(s.announce.why, "because");
	assert_int_equal(see(s, 6), LB_NEWS_CHANGED);
	assert_int_equal(see(s, 7), LB_NEWS_NONE);
}

static void sessions__window_that_begins_anew__is_a_change(void **state)
{
	assert_int_equal(see(lifeboat(LB_STATE_WINDOW, 2000), 0), LB_NEWS_NEW);
	assert_int_equal(see(lifeboat(LB_STATE_WINDOW, 3000), 1000), LB_NEWS_NONE);
	assert_int_equal(see(lifeboat(LB_STATE_WINDOW, 4001), 2000), LB_NEWS_CHANGED);
}

static void sessions__silent_device__is_lost_once_and_new_when_it_returns(void **state)
{
	const struct lb_sighting w = openwrt(LB_STATE_WINDOW, LB_NETMSG_WINDOW_TEXT);

	assert_int_equal(see(w, 1000), LB_NEWS_NEW);
	assert_null(lb_sessions_next_lost(&sessions, 1000 + LB_SILENCE_MS - 1));
	assert_non_null(lb_sessions_next_lost(&sessions, 1000 + LB_SILENCE_MS));
	assert_null(lb_sessions_next_lost(&sessions, 1000 + LB_SILENCE_MS));
	assert_int_equal(see(w, 20000), LB_NEWS_NEW);
	assert_int_equal(sessions.devices, 1);
}

static void sessions__openwrt_datagram_of_a_lifeboat_device__is_no_news(void **state)
{
	const struct lb_sighting w = openwrt(LB_STATE_WINDOW, LB_NETMSG_WINDOW_TEXT);

	assert_int_equal(see(w, 0), LB_NEWS_NEW);
	assert_int_equal(see(lifeboat(LB_STATE_WINDOW, 4000), 1), LB_NEWS_NEW);
	assert_int_equal(see(w, 1000), LB_NEWS_NONE);
	assert_int_equal(sessions.devices, 1);
	/* One device, so it is lost once. */
	assert_non_null(lb_sessions_next_lost(&sessions, 60000));
	assert_null(lb_sessions_next_lost(&sessions, 60000));
	/* A device that turned from Lifeboat to OpenWrt is heard again. */
	assert_int_equal(see(w, 61000), LB_NEWS_NEW);
	assert_int_equal(sessions.devices, 1);
}

static void sessions__more_devices_than_slots__replace_the_oldest(void **state)
{
	struct lb_sighting s = lifeboat(LB_STATE_FAILSAFE, LB_LEFT_NONE);

	for (unsigned i = 0; i <= LB_SESSIONS_MAX; i++) {
		s.mac[4] = (uint8_t)(i >> 8);
		s.mac[5] = (uint8_t)i;
		assert_int_equal(see(s, 100 + i), LB_NEWS_NEW);
	}
	assert_int_equal(sessions.devices, LB_SESSIONS_MAX + 1);
	s.mac[4] = 0;
	s.mac[5] = 1;
	assert_int_equal(see(s, 500), LB_NEWS_NONE);
	s.mac[5] = 0;
	assert_int_equal(see(s, 501), LB_NEWS_NEW);
}

static void words__who__names_board_serial_and_mac(void **state)
{
	struct lb_sighting s = lifeboat(LB_STATE_WINDOW, 4000);
	char out[LB_WORDS_MAX];

	lb_words_who(out, &s);
	assert_string_equal(out, "Virtual router (lifeboat,virt; serial VD-1; 02:00:00:00:00:01)");
	lb_announce_init(&s.announce);
	lb_words_who(out, &s);
	assert_string_equal(out, "Lifeboat router (02:00:00:00:00:01)");
	s = openwrt(LB_STATE_WINDOW, "x");
	lb_words_who(out, &s);
	assert_string_equal(out, "OpenWrt router (02:00:00:00:00:01)");
}

static void says(enum lb_news news, struct lb_sighting s, const char *status, const char *advice)
{
	char out[LB_WORDS_MAX];

	lb_words_status(out, news, &s);
	assert_string_equal(out, status);
	lb_words_advice(out, news, &s);
	assert_string_equal(out, advice);
}

#define LOGIN                                                                                 \
	"give this PC an address such as 192.168.1.2/24 (sudo ip address add 192.168.1.2/24 " \
	"dev eth0), then: ssh root@192.168.1.1"

static void words__window__says_how_long_to_press(void **state)
{
	struct lb_sighting s = lifeboat(LB_STATE_WINDOW, 2400);

	says(LB_NEWS_NEW, s, "the failsafe window is open, 3 s left",
	     "press any button of the router within 3 s");
	s.announce.left_ms = LB_LEFT_NONE;
	says(LB_NEWS_NEW, s, "the failsafe window is open", "press any button of the router now");
	s.announce.policy = LB_POLICY_OFF;
	says(LB_NEWS_NEW, s, "the failsafe window is open",
	     "failsafe is switched off on this router: a button does nothing");
}

static void words__failsafe__says_how_to_log_in(void **state)
{
	struct lb_sighting s = lifeboat(LB_STATE_FAILSAFE, LB_LEFT_NONE);

	s.announce.reason = LB_REASON_BUTTON;
	says(LB_NEWS_CHANGED, s, "failsafe is active: a button was pressed in the window",
	     LOGIN " (no password)");
	s.announce.policy = LB_POLICY_LOCKED;
	strcpy(s.announce.host_key, "SHA256:abc");
	says(LB_NEWS_CHANGED, s, "failsafe is active: a button was pressed in the window",
	     LOGIN " (the owner's password or key); it says that its host key is SHA256:abc");
}

static void words__rescue_with_detail__says_reason_and_detail(void **state)
{
	struct lb_sighting s = lifeboat(LB_STATE_RESCUE, LB_LEFT_NONE);

	s.announce.reason = LB_REASON_NO_ROOT;
	s.announce.address = 0xC0A80102;
	strcpy(s.announce.why, "no squashfs on /dev/vda2");
	says(LB_NEWS_NEW, s,
	     "rescue waits for a person: the root file system cannot be used "
	     "(no squashfs on /dev/vda2)",
	     "give this PC an address such as 192.168.1.3/24 (sudo ip address add "
	     "192.168.1.3/24 dev eth0), then: ssh root@192.168.1.2 (no password)");
}

static void words__openwrt__says_what_its_datagrams_mean(void **state)
{
	says(LB_NEWS_NEW, openwrt(LB_STATE_WINDOW, LB_NETMSG_WINDOW_TEXT),
	     "the failsafe window is open",
	     "press and release any button of the router now, again and again, until its LED "
	     "blinks faster");
	says(LB_NEWS_LOST, openwrt(LB_STATE_WINDOW, LB_NETMSG_WINDOW_TEXT),
	     "silent for 5 s: its window is over",
	     "if its LED blinks 10 times per second, failsafe is active: " LOGIN
	     " (no password); if not, power-cycle the router and try again");
	says(LB_NEWS_NEW, openwrt(LB_STATE_NOT_SAID, "hello"), "it says \"hello\"", "");
}

static void words__other_states__say_what_is_useful(void **state)
{
	struct lb_sighting s = lifeboat(LB_STATE_BOOTING, LB_LEFT_NONE);

	s.announce.reason = LB_REASON_WINDOW_OVER;
	says(LB_NEWS_CHANGED, s,
	     "a normal boot is under way: nobody asked for failsafe while the window was open",
	     "to enter failsafe, power-cycle the router and press a button while its LED blinks 5 "
	     "times per second");
	says(LB_NEWS_NEW, lifeboat(LB_STATE_STARTING, LB_LEFT_NONE), "it starts",
	     "get ready to press a button of the router");
	s = lifeboat(LB_STATE_STARTING, LB_LEFT_NONE);
	strcpy(s.announce.why, "upgrading: writing, 40 %");
	says(LB_NEWS_CHANGED, s, "it is at work (upgrading: writing, 40 %)",
	     "leave it switched on until it is done");
	says(LB_NEWS_LOST, s, "silent for 5 s, last heard of at work (upgrading: writing, 40 %)",
	     "");
	says(LB_NEWS_NEW, lifeboat(LB_STATE_RUNNING, LB_LEFT_NONE), "the router is up", "");
	says(LB_NEWS_NEW, lifeboat(200, LB_LEFT_NONE),
	     "it is in a state that this lifeline does not know (200)", "");
	says(LB_NEWS_LOST, lifeboat(LB_STATE_FAILSAFE, LB_LEFT_NONE),
	     "silent for 5 s: it was switched off, restarted or unplugged", "");
}

static void cleans_to(const char *text, const char *want)
{
	char buf[64];

	strcpy(buf, text);
	lb_printable(buf);
	assert_string_equal(buf, want);
}

static void printable__text_for_people__is_kept(void **state)
{
	cleans_to("", "");
	cleans_to("Plain ASCII ~!", "Plain ASCII ~!");
	cleans_to("B\xC3\xBCro \xE8\xB7\xAF\xE7\x94\xB1 \xF0\x9F\x9B\x9F",
		  "B\xC3\xBCro \xE8\xB7\xAF\xE7\x94\xB1 \xF0\x9F\x9B\x9F");
}

static void printable__what_drives_a_terminal__becomes_question_marks(void **state)
{
	cleans_to("\x1B[2J\a\b\r\n\t\x7F", "?[2J??????");
	cleans_to("\x9B"
		  "2J",
		  "?2J"); /* CSI as a raw byte */
	cleans_to("\xC2\x9B"
		  "2J",
		  "??2J"); /* CSI in UTF-8 */
	cleans_to("\xE2\x80\xAE"
		  "abc",
		  "???abc");			    /* right-to-left override */
	cleans_to("\xC0\x9B\xE0\x82\x9B", "?????"); /* overlong */
	cleans_to("\xED\xA0\x80", "???");	    /* surrogate */
	cleans_to("\xF4\x90\x80\x80", "????");	    /* past the last code point */
	cleans_to("a\xE8\xB7", "a??");		    /* cut off */
}

/* A broadcast of 192.168.1.1 to port 4920 with `n` bytes of payload. */
static size_t build_frame(uint8_t *frame, const void *payload, size_t n)
{
	static const uint8_t headers[] = {
		/* Ethernet */
		0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 1, 8, 0,
		/* IPv4 */
		0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 192, 168, 1, 1, 192, 168, 1, 255,
		/* UDP */
		0x9C, 0x40, 0x13, 0x38, 0, 0, 0, 0};
	uint32_t sum = 0;

	memcpy(frame, headers, sizeof(headers));
	memcpy(frame + sizeof(headers), payload, n);
	frame[17] = (uint8_t)(20 + 8 + n);
	frame[39] = (uint8_t)(8 + n);
	for (size_t i = 14; i < 34; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	sum = (sum & 0xFFFF) + (sum >> 16);
	frame[24] = (uint8_t)(~sum >> 8);
	frame[25] = (uint8_t)~sum;
	return sizeof(headers) + n;
}

static void sighting__hostile_announcement__arrives_clean(void **state)
{
	static const char payload[] = "LBAN\1\1\1\4\2\1\3\3\1\0\7\4\x1B[2J\0";
	uint8_t frame[128];
	struct lb_sighting s;
	size_t n = build_frame(frame, payload, sizeof(payload));

	assert_int_equal(lb_sighting_read(&s, frame, n), 0);
	assert_int_equal(s.announce.state, LB_STATE_FAILSAFE);
	assert_string_equal(s.announce.name, "?[2J");
	assert_int_equal(lb_sighting_address(&s), 0xC0A80101);
}

static void sighting__every_truncation__is_refused_and_out_untouched(void **state)
{
	static const char payload[] = "LBAN\1\1\1\4\2\1\3\3\1\0\0";
	uint8_t frame[128];
	struct lb_sighting s = {.ip = 7};
	size_t n = build_frame(frame, payload, sizeof(payload));

	for (size_t cut = 0; cut < n; cut++) {
		assert_true(lb_sighting_read(&s, frame, cut) < 0);
		assert_int_equal(s.ip, 7);
	}
	assert_int_equal(lb_sighting_read(&s, frame, n), 0);
	frame[37] = 0x39;
	assert_int_equal(lb_sighting_read(&s, frame, n), LB_E(NOENT));
}

#define fresh(f) cmocka_unit_test_setup(f, forget_all)

TESTS(fresh(sessions__same_datagram_again__is_no_news),
      fresh(sessions__countdown__is_said_sparsely),
      fresh(sessions__each_field_a_person_acts_on__is_a_change),
      fresh(sessions__window_that_begins_anew__is_a_change),
      fresh(sessions__silent_device__is_lost_once_and_new_when_it_returns),
      fresh(sessions__openwrt_datagram_of_a_lifeboat_device__is_no_news),
      fresh(sessions__more_devices_than_slots__replace_the_oldest),
      unit(words__who__names_board_serial_and_mac), unit(words__window__says_how_long_to_press),
      unit(words__failsafe__says_how_to_log_in),
      unit(words__rescue_with_detail__says_reason_and_detail),
      unit(words__openwrt__says_what_its_datagrams_mean),
      unit(words__other_states__say_what_is_useful), unit(printable__text_for_people__is_kept),
      unit(printable__what_drives_a_terminal__becomes_question_marks),
      unit(sighting__hostile_announcement__arrives_clean),
      unit(sighting__every_truncation__is_refused_and_out_untouched))

/* The first byte picks the port, the rest is what a device sends to it: from the wire to the words
 * that a terminal shows. */
#include "tests/fuzz/fuzz.h"

#include "lifeline/words.h"

#define HEADERS	    42
#define PAYLOAD_MAX 1400

static struct lb_sessions sessions;

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t wrap(uint8_t frame[HEADERS + PAYLOAD_MAX], const uint8_t *data, size_t n)
{
	static const uint8_t headers[HEADERS] = {
		0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0,  0,  0, 1, 8,   0, /* Ethernet */
		0x45, 0,    0,	  0,	0,    0,    0, 0, 64, 17, 0, 0, 192, 168,
		1,    1,    192,  168,	1,    255, /* IPv4 */
	};
	size_t bytes = n - 1 < PAYLOAD_MAX ? n - 1 : PAYLOAD_MAX;
	uint32_t sum = 0;

	memcpy(frame, headers, HEADERS);
	put16(frame + 16, 28 + bytes);
	put16(frame + 36, data[0] & 1 ? LB_ANNOUNCE_PORT : LB_NETMSG_PORT);
	put16(frame + 38, 8 + bytes);
	for (size_t i = 14; i < 34; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	sum = (sum & 0xFFFF) + (sum >> 16);
	put16(frame + 24, ~sum & 0xFFFF);
	memcpy(frame + HEADERS, data + 1, bytes);
	return HEADERS + bytes;
}

static void check_harmless(const char *words)
{
	CHECK(memchr(words, 0, LB_WORDS_MAX));
	for (; *words; words++) {
		uint8_t c = (uint8_t)*words;

		CHECK(c >= 0x20 && c != 0x7F);
		CHECK(c != 0xC2 || (uint8_t)words[1] >= 0xA0);
	}
}

static void check_words(enum lb_news news, const struct lb_sighting *s)
{
	char out[LB_WORDS_MAX];

	lb_words_who(out, s);
	check_harmless(out);
	lb_words_status(out, news, s);
	check_harmless(out);
	lb_words_advice(out, news, s);
	check_harmless(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t frame[HEADERS + PAYLOAD_MAX];
	const struct lb_session *session;
	struct lb_sighting s;

	if (n == 0)
		return 0;
	if (lb_sighting_read(&s, frame, wrap(frame, data, n)) < 0)
		return 0;
	memset(&sessions, 0, sizeof(sessions.slots[0]));
	sessions.devices = 0;
	CHECK(lb_sessions_see(&sessions, &s, 1000, &session) == LB_NEWS_NEW && session);
	check_words(LB_NEWS_NEW, &session->last);
	CHECK(lb_sessions_see(&sessions, &s, 2000, &session) == LB_NEWS_NONE && !session);
	session = lb_sessions_next_lost(&sessions, 2000 + LB_SILENCE_MS);
	CHECK(session && !lb_sessions_next_lost(&sessions, 99999));
	check_words(LB_NEWS_LOST, &session->last);
	return 0;
}

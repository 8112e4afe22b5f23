#include "store/board_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/near.h"
#include "plan/place.h"
#include "store/board_card.h"
#include "store/board_internet.h"
#include "store/board_menu.h"
#include "store/board_ports.h"
#include "store/board_say.h"
#include "store/board_service.h"
#include "store/board_store.h"

struct value {
	struct lb_board *board;
	void *field;
	const struct lb_board_key *key;
	const char *text;
	char *why;
};

/* The sentence starts with the key; fmt goes on. */
PRINTF_LIKE(2, 3) static int refuse(const struct value *v, const char *fmt, ...)
{
	va_list args;
	int n = snprintf(v->why, LB_SENTENCE_MAX, "%s ", lb_board_key_path(v->key).text);

	va_start(args, fmt);
	(void)vsnprintf(v->why + n, LB_SENTENCE_MAX - (size_t)n, fmt, args);
	va_end(args);
	return LB_E(FORMAT);
}

static int check_length(const struct value *v)
{
	size_t n = strlen(v->text);

	if (n < (size_t)v->key->least)
		return refuse(v, "must not be empty: give it a value or leave the line out");
	if (n > (size_t)v->key->most)
		return refuse(v, "must have at most %ld bytes, not %zu", v->key->most, n);
	return 0;
}

static int store_text(const struct value *v)
{
	memcpy(v->field, v->text, strlen(v->text) + 1);
	return 0;
}

static int set_text(const struct value *v)
{
	int rc = check_length(v);

	return rc < 0 ? rc : store_text(v);
}

static int set_id(const struct value *v)
{
	int rc = check_length(v);

	if (rc < 0)
		return rc;
	for (const char *c = v->text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(",._+-", *c))
			return refuse(v,
				      "must be letters, digits and , . _ + - as in "
				      "\"vendor,model\", not \"%s\"",
				      lb_board_show(v->text).text);
	return store_text(v);
}

static int check_led_name(const struct value *v)
{
	int rc = check_length(v);

	if (rc < 0)
		return rc;
	if (strchr(v->text, '/') || v->text[0] == '.')
		return refuse(v,
			      "must be a name below /sys/class/leds such as \"green:status\", "
			      "not \"%s\"",
			      lb_board_show(v->text).text);
	return 0;
}

static int set_led_name(const struct value *v)
{
	int rc = check_led_name(v);

	return rc < 0 ? rc : store_text(v);
}

static int set_path(const struct value *v)
{
	int rc = check_length(v);

	if (rc < 0)
		return rc;
	if (v->text[0] && v->text[0] != '/')
		return refuse(v, "must be an absolute path such as \"%s\", not \"%s\"",
			      v->key->preset[0] ? v->key->preset : "/dev/mmcblk0",
			      lb_board_show(v->text).text);
	return store_text(v);
}

static bool has_more_than(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 && text[n];
}

static bool is_place(const char *text)
{
	static const char *const prefixes[] = {"/dev/", "PARTLABEL=", "PARTUUID=", "MTD=", "UBI="};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (has_more_than(text, prefixes[i]))
			return true;
	return false;
}

static int set_storage(const struct value *v)
{
	int rc = check_length(v);

	if (rc < 0)
		return rc;
	if (v->text[0] && !is_place(v->text))
		return refuse(v,
			      "must be \"PARTLABEL=...\", \"PARTUUID=...\", \"MTD=...\", "
			      "\"UBI=...\" or a path below /dev, not \"%s\"",
			      lb_board_show(v->text).text);
	return store_text(v);
}

static int set_image(const struct value *v)
{
	char device[LB_PATH_MAX];
	const char *path = lb_place_split(v->text, device);
	int rc = check_length(v);

	if (rc < 0)
		return rc;
	if (v->text[0] && (!is_place(device) || strcmp(path, "/") == 0))
		return refuse(
			v,
			"must be a place such as \"PARTLABEL=factory\", or a file on one such "
			"as \"PARTLABEL=data:/path/of/it\", not \"%s\"",
			lb_board_show(v->text).text);
	return store_text(v);
}

/* Digits only: strtol() alone would take blanks, signs and octal numbers. */
static int to_number(const char *text, int base, long *out)
{
	char *end;
	long n;

	if (!isxdigit((unsigned char)text[0]))
		return LB_E(FORMAT);
	errno = 0;
	n = strtol(text, &end, base);
	if (errno || *end)
		return LB_E(FORMAT);
	*out = n;
	return 0;
}

static int parse_number(const struct value *v, long *out)
{
	long n;

	if (to_number(v->text, 10, &n) < 0 || n < v->key->least || n > v->key->most)
		return refuse(v, "must be a whole number from %ld to %ld, not \"%s\"",
			      v->key->least, v->key->most, lb_board_show(v->text).text);
	*out = n;
	return 0;
}

static int set_number(const struct value *v)
{
	long n = 0;
	int rc = parse_number(v, &n);

	if (rc == 0)
		*(unsigned *)v->field = (unsigned)n;
	return rc;
}

static int set_seconds(const struct value *v)
{
	long n = 0;
	int rc = parse_number(v, &n);

	if (rc == 0)
		*(unsigned *)v->field = (unsigned)n * 1000u;
	return rc;
}

static int set_switch(const struct value *v)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(v->text, words[i]) == 0) {
			*(bool *)v->field = i % 2;
			return 0;
		}
	}
	return refuse(v, "must be true or false, not \"%s\"", lb_board_show(v->text).text);
}

static int set_address(const struct value *v)
{
	char dotted[INET_ADDRSTRLEN];
	const char *slash = strchr(v->text, '/');
	size_t n = slash ? (size_t)(slash - v->text) : 0;
	struct lb_shown shown = lb_board_show(v->text);
	struct in_addr in;
	uint32_t address, host_bits;
	long bits;

	if (!slash)
		return refuse(v, "must have a prefix length such as \"%s\", not just \"%s\"",
			      v->key->preset, shown.text);
	if (n >= sizeof(dotted))
		n = sizeof(dotted) - 1;
	memcpy(dotted, v->text, n);
	dotted[n] = '\0';
	if (inet_pton(AF_INET, dotted, &in) != 1)
		return refuse(v, "must be an IPv4 address such as \"%s\", not \"%s\"",
			      v->key->preset, shown.text);
	if (to_number(slash + 1, 10, &bits) < 0 || bits < v->key->least || bits > v->key->most)
		return refuse(v,
			      "must have a prefix length from %ld to %ld after the '/', not \"%s\"",
			      v->key->least, v->key->most, lb_board_show(slash + 1).text);
	address = ntohl(in.s_addr);
	host_bits = UINT32_MAX >> bits;
	if ((address & host_bits) == 0 || (address & host_bits) == host_bits)
		return refuse(
			v,
			"must be the address of a host, but \"%s\" is the %s address of its network",
			shown.text, address & host_bits ? "broadcast" : "network");
	if (address >> 24 == 0 || address >> 24 == 127 || address >> 24 >= 224)
		return refuse(v,
			      "must be an address that a PC can reach such as \"%s\", not \"%s\"",
			      v->key->preset, shown.text);
	v->board->address = address;
	v->board->prefix_bits = (unsigned)bits;
	return 0;
}

static int set_keycode(const struct value *v)
{
	struct lb_shown shown = lb_board_show(v->text);
	long code = lb_key_code(v->text);
	const char *nearest;

	if (code < 0 &&
	    to_number(v->text, strncasecmp(v->text, "0x", 2) == 0 ? 16 : 10, &code) == 0 &&
	    (code < v->key->least || code > v->key->most))
		return refuse(v, "must be a key code from %ld to %ld, not %s", v->key->least,
			      v->key->most, shown.text);
	if (code < 0) {
		nearest = lb_key_nearest(v->text);
		if (lb_is_near(v->text, nearest))
			return refuse(v, "knows no key \"%s\"; did you mean \"%s\"?", shown.text,
				      nearest);
		return refuse(v,
			      "knows no key \"%s\"; write a name such as \"KEY_RESTART\" or the "
			      "number from linux/input-event-codes.h",
			      shown.text);
	}
	*(uint16_t *)v->field = (uint16_t)code;
	return 0;
}

static int set_deed(const struct value *v)
{
	static const char prefix[] = "run:";
	struct lb_deed deed = {0};
	struct lb_shown shown = lb_board_show(v->text);
	bool runs = strncmp(v->text, prefix, strlen(prefix)) == 0;
	const char *command = runs ? v->text + strlen(prefix) : "";
	int action = runs ? LB_ACTION_RUN : lb_action_by_name(v->text);
	int rc = check_length(v);

	_Static_assert(LB_ACTION_COUNT == 6, "the sentence below lists the actions");
	if (rc < 0)
		return rc;
	if (action < 0)
		return refuse(
			v,
			"must be \"%s\", \"%s\", \"%s\", \"%s\", \"%s\" or \"%s/path/of/program\", "
			"not \"%s\"",
			lb_action_name(0), lb_action_name(1), lb_action_name(2), lb_action_name(3),
			lb_action_name(4), prefix, shown.text);
	if (action == LB_ACTION_RUN && command[0] != '/')
		return refuse(v,
			      "must have the absolute path of a program after \"%s\", such as "
			      "\"%s/usr/sbin/wps-start\", not \"%s\"",
			      prefix, prefix, shown.text);
	/* A touch, or a contact of the wrong polarity, must never erase what the owner has. */
	if (action == LB_ACTION_FACTORY_RESET && v->key == &lb_board_keys[LB_BOARD_BUTTON_SHORT])
		return refuse(v,
			      "must not be \"%s\", or a touch of the button erases all settings: "
			      "write it as \"long\"",
			      shown.text);
	deed.action = (enum lb_action)action;
	memcpy(deed.command, command, strlen(command) + 1);
	*(struct lb_deed *)v->field = deed;
	return 0;
}

static int add_image_name(const struct value *v)
{
	struct lb_board *b = v->board;
	struct lb_shown shown = lb_board_show(v->text);
	int rc = check_length(v);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < b->image_name_count; i++)
		if (strcmp(b->image_names[i], v->text) == 0)
			return refuse(v, "lists \"%s\" twice: take one of them out", shown.text);
	if (b->image_name_count == LB_IMAGE_NAMES_MAX)
		return refuse(v, "must list at most %d names", LB_IMAGE_NAMES_MAX);
	memcpy(b->image_names[b->image_name_count++], v->text, strlen(v->text) + 1);
	return 0;
}

static int add_volume(const struct value *v)
{
	struct lb_board *b = v->board;
	struct lb_shown shown = lb_board_show(v->text);
	int rc = check_length(v);

	if (rc < 0)
		return rc;
	if (strchr(v->text, '/') || has_more_than(v->text, "PARTLABEL=") ||
	    has_more_than(v->text, "MTD=") || has_more_than(v->text, "UBI="))
		return refuse(
			v,
			"must list names of partitions such as \"art\", without place or kind, "
			"not \"%s\"",
			shown.text);
	if (b->protected_name_count == LB_PROTECTED_MAX)
		return refuse(v, "must list at most %d names", LB_PROTECTED_MAX);
	memcpy(b->protected_names[b->protected_name_count++], v->text, strlen(v->text) + 1);
	return 0;
}

static int set_signature(const struct value *v)
{
	bool required = strcmp(v->text, "required") == 0;

	if (!required && strcmp(v->text, "if-there") != 0)
		return refuse(v, "must be \"if-there\" or \"required\", not \"%s\"",
			      lb_board_show(v->text).text);
	*(bool *)v->field = required;
	return 0;
}

static int set_policy(const struct value *v)
{
	int policy = lb_policy_by_name(v->text);

	_Static_assert(LB_POLICY_COUNT == 3, "the sentence below lists the policies");
	if (policy < 0)
		return refuse(v, "must be \"%s\", \"%s\" or \"%s\", not \"%s\"", lb_policy_name(0),
			      lb_policy_name(1), lb_policy_name(2), lb_board_show(v->text).text);
	*(enum lb_policy *)v->field = (enum lb_policy)policy;
	return 0;
}

typedef int setter(struct lb_board *board, enum lb_board_kind kind, const char *text,
		   char what[LB_SENTENCE_MAX]);

/* For keys that another file knows. */
static int set_there(const struct value *v, setter *set)
{
	char what[LB_SENTENCE_MAX];

	return set(v->board, v->key->kind, v->text, what) < 0 ? refuse(v, "%s", what) : 0;
}

static int set_menu(const struct value *v)
{
	return set_there(v, lb_board_set_menu);
}

static int add_held_led(const struct value *v)
{
	int rc = check_led_name(v);

	return rc < 0 ? rc : set_there(v, lb_board_set_menu);
}

static int set_stored(const struct value *v)
{
	return set_there(v, lb_board_set_store);
}

static int set_card(const struct value *v)
{
	return set_there(v, lb_board_set_card);
}

static int add_port(const struct value *v)
{
	int rc = check_length(v);

	return rc < 0 ? rc : set_there(v, lb_board_add_port);
}

static int set_internet(const struct value *v)
{
	int rc = check_length(v);

	return rc < 0 ? rc : set_there(v, lb_board_set_internet);
}

static int set_profile(const struct value *v)
{
	const int profile = lb_profile_by_name(v->text);

	_Static_assert(LB_PROFILE_COUNT == 2, "the sentence below lists the profiles");
	if (profile < 0)
		return refuse(v, "must be \"%s\" or \"%s\", not \"%s\"", lb_profile_name(0),
			      lb_profile_name(1), lb_board_show(v->text).text);
	if (v->board->button_count)
		return refuse(v, "must stand before the first button: move it up");
	*(enum lb_profile *)v->field = (enum lb_profile)profile;
	return 0;
}

static int add_health_port(const struct value *v)
{
	struct lb_board *b = v->board;
	bool is_link = v->key == &lb_board_keys[LB_BOARD_HEALTH_LINK];
	char(*list)[LB_IFNAME_MAX] = is_link ? b->health_links : b->health_addresses;
	size_t *count = is_link ? &b->health_link_count : &b->health_address_count;
	int rc = check_length(v);

	if (rc < 0)
		return rc;
	if (!lb_board_is_port_name(v->text))
		return refuse(v, "must list network interfaces such as \"eth0\", not \"%s\"",
			      lb_board_show(v->text).text);
	if (*count == LB_HEALTH_MAX)
		return refuse(v, "must list at most %d interfaces", LB_HEALTH_MAX);
	memcpy(list[(*count)++], v->text, strlen(v->text) + 1);
	return 0;
}

static int add_service(const struct value *v)
{
	int rc = check_length(v);

	return rc < 0 ? rc : set_there(v, lb_board_add_service);
}

static int (*const setters[LB_KIND_COUNT])(const struct value *v) = {
	[LB_KIND_ID] = set_id,
	[LB_KIND_TEXT] = set_text,
	[LB_KIND_LED_NAME] = set_led_name,
	[LB_KIND_PATH] = set_path,
	[LB_KIND_STORAGE] = set_storage,
	[LB_KIND_IMAGE] = set_image,
	[LB_KIND_NUMBER] = set_number,
	[LB_KIND_SECONDS] = set_seconds,
	[LB_KIND_SWITCH] = set_switch,
	[LB_KIND_ADDRESS] = set_address,
	[LB_KIND_KEYCODE] = set_keycode,
	[LB_KIND_DEED] = set_deed,
	[LB_KIND_LAN_PORT] = add_port,
	[LB_KIND_WAN_PORT] = add_port,
	[LB_KIND_IMAGE_NAME] = add_image_name,
	[LB_KIND_VOLUME] = add_volume,
	[LB_KIND_URL] = set_internet,
	[LB_KIND_NAME_SERVER] = set_internet,
	[LB_KIND_HELD_LED] = add_held_led,
	[LB_KIND_MODES] = set_menu,
	[LB_KIND_MODE] = set_menu,
	[LB_KIND_POLICY] = set_policy,
	[LB_KIND_PROFILE] = set_profile,
	[LB_KIND_HANDOVER] = set_stored,
	[LB_KIND_TAKEOVER] = set_stored,
	[LB_KIND_SIGNATURE] = set_signature,
	[LB_KIND_SLOT_STORE] = set_stored,
	[LB_KIND_SLOT_SCHEME] = set_stored,
	[LB_KIND_ENV_PLACE] = set_stored,
	[LB_KIND_CARD_TABLE] = set_card,
	[LB_KIND_CARD_PART] = set_card,
	[LB_KIND_HEALTH_PORT] = add_health_port,
	[LB_KIND_SERVICE] = add_service,
};

static void *owner_of(struct lb_board *board, struct lb_board_named *named,
		      const struct lb_board_key *key)
{
	if (strcmp(key->section, "button") == 0)
		return &named->button;
	return strcmp(key->section, "slot") == 0 ? (void *)&named->slot : (void *)board;
}

int lb_board_set(struct lb_board *board, struct lb_board_named *named, enum lb_board_key_id id,
		 const char *text, char why[LB_SENTENCE_MAX])
{
	const struct lb_board_key *key = &lb_board_keys[id];
	const struct value v = {
		.board = board,
		.field = (char *)owner_of(board, named, key) + key->off_bytes,
		.key = key,
		.text = text,
		.why = why,
	};

	return setters[key->kind](&v);
}

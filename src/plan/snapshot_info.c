#include "plan/snapshot_info.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "plan/snapshot.h"

static const struct {
	const char *name;
	bool given;
} types[LB_SNAPSHOT_TYPES] = {
#define SNAPSHOT_TYPE(id, name_, given_) [LB_SNAPSHOT_##id] = {.name = (name_), .given = (given_)},
#include "tables/snapshot_types.def"
#undef SNAPSHOT_TYPE
};

const char *lb_snapshot_type_name(enum lb_snapshot_type type)
{
	return types[type].name;
}

int lb_snapshot_type_by_name(const char *name)
{
	for (int i = 0; i < LB_SNAPSHOT_TYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return i;
	return LB_E(NOENT);
}

bool lb_snapshot_type_is_given(enum lb_snapshot_type type)
{
	return types[type].given;
}

/* What schnapps leaves as it is, and the underscore that it puts in place of all else. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(" .,?!()/;:<>-_", c));
}

bool lb_snapshot_filter(char out[LB_SNAPSHOT_TEXT_MAX], const char *text)
{
	bool changed = false;
	size_t n = 0;

	for (; text[n] && n < LB_SNAPSHOT_TEXT_MAX - 1; n++) {
		out[n] = is_plain(text[n]) ? text[n] : '_';
		changed = changed || out[n] != text[n];
	}
	out[n] = '\0';
	return changed || text[n];
}

/* The length of the word that a value is to a shell: up to its quote, or to what ends a word. */
static size_t word_length(const char *value, char quote)
{
	const char *end = quote ? strchr(value, quote) : NULL;

	return end ? (size_t)(end - value) : strcspn(value, quote ? "" : " \t;#");
}

/* People forget to escape a quote in a text: it ends with the last one of the line. */
static size_t text_length(const char *value, char quote)
{
	const char *end = quote ? strrchr(value, quote) : NULL;

	return end ? (size_t)(end - value) : strlen(value);
}

/* The value of a line KEY=VALUE without its quotes; false when it is another key's. */
static bool value_of(const char *line, const char *key, char *out, size_t size)
{
	size_t n = strlen(key);
	char quote = '\0';

	if (strncmp(line, key, n) != 0 || line[n] != '=')
		return false;
	line += n + 1;
	if (line[0] == '"' || line[0] == '\'')
		quote = *line++;
	n = strcmp(key, "DESCRIPTION") == 0 ? text_length(line, quote) : word_length(line, quote);
	(void)snprintf(out, size, "%.*s", (int)n, line);
	return true;
}

static void take_date(char out[LB_SNAPSHOT_DATE_MAX], const char *text)
{
	size_t n = strspn(text, "0123456789 -+:");

	(void)snprintf(out, LB_SNAPSHOT_DATE_MAX, "%.*s", (int)n, text);
}

/* People edit it, on other systems too. */
static void cut_end(char *line)
{
	size_t n = strlen(line);

	while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' ' || line[n - 1] == '\t'))
		line[--n] = '\0';
}

static uint16_t parse_minutes(const char *value)
{
	uint32_t minutes;

	return lb_snapshot_parse_word(&minutes, value) == 0 && minutes <= LB_SNAPSHOT_WAIT_MAX
		       ? (uint16_t)minutes
		       : 0;
}

/* One line; `known` becomes true with the type. */
static void take_line(struct lb_snapshot_info *info, const char *line, bool *known)
{
	char value[LB_SNAPSHOT_INFO_MAX];

	line += strspn(line, " \t");
	if (strncmp(line, "export ", 7) == 0)
		line += 7;
	if (value_of(line, "TYPE", value, sizeof(value))) {
		int type = lb_snapshot_type_by_name(value);

		*known = *known || type >= 0;
		if (type >= 0)
			info->type = (enum lb_snapshot_type)type;
	} else if (value_of(line, "DESCRIPTION", value, sizeof(value))) {
		(void)lb_snapshot_filter(info->description, value);
	} else if (value_of(line, "CREATED", value, sizeof(value))) {
		take_date(info->created, value);
	} else if (value_of(line, "ROLL_TO", value, sizeof(value))) {
		if (lb_snapshot_parse_word(&info->roll_to, value) < 0)
			info->roll_to = 0;
	} else if (value_of(line, "FORGET", value, sizeof(value))) {
		info->forget = strcmp(value, "all") == 0     ? LB_FORGET_ALL
			       : strcmp(value, "state") == 0 ? LB_FORGET_STATE
							     : LB_FORGET_NOTHING;
	} else if (value_of(line, "WAIT", value, sizeof(value))) {
		info->wait_minutes = parse_minutes(value);
	} else if (value_of(line, "STARTED", value, sizeof(value))) {
		info->started = strcmp(value, "1") == 0;
	}
}

/* Exactly n digits. */
static bool take_digits(const char **text, int n, int *out)
{
	int value = 0;

	for (; n > 0; n--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		value = value * 10 + (**text - '0');
	}
	*out = value;
	return true;
}

static bool take_char(const char **text, char c)
{
	const bool is = **text == c;

	*text += is;
	return is;
}

/* Years that begin in March end with the leap day. Source: the rule of the Gregorian calendar. */
static int64_t days_since_1970(int year, int month, int day)
{
	const int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int take_zone(const char *text, int *minutes)
{
	const bool west = *text == '-';
	int hours, rest;

	*minutes = 0;
	if (!*text)
		return 0;
	if ((!take_char(&text, '-') && !take_char(&text, '+')) || !take_digits(&text, 2, &hours) ||
	    !take_digits(&text, 2, &rest) || *text)
		return LB_E(FORMAT);
	*minutes = (hours * 60 + rest) * (west ? -1 : 1);
	return 0;
}

int lb_snapshot_time(int64_t *out_s, const char *created)
{
	int year, month, day, hour, minute, second, zone;

	if (!take_digits(&created, 4, &year) || !take_char(&created, '-') ||
	    !take_digits(&created, 2, &month) || !take_char(&created, '-') ||
	    !take_digits(&created, 2, &day) || !take_char(&created, ' ') ||
	    !take_digits(&created, 2, &hour) || !take_char(&created, ':') ||
	    !take_digits(&created, 2, &minute) || !take_char(&created, ':') ||
	    !take_digits(&created, 2, &second) || month < 1 || month > 12 || day < 1 || day > 31)
		return LB_E(FORMAT);
	(void)take_char(&created, ' ');
	if (take_zone(created, &zone) < 0)
		return LB_E(FORMAT);
	*out_s = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute - zone) * 60 +
		 second;
	return 0;
}

int lb_snapshot_info_parse(struct lb_snapshot_info *out, const void *text, size_t n)
{
	struct lb_snapshot_info info = {0};
	struct lb_rd r = lb_rd_init(text, n);
	char line[LB_SNAPSHOT_INFO_MAX];
	bool known = false;

	while (lb_rd_left(&r) > 0) {
		const uint8_t *end = memchr(r.p, '\n', lb_rd_left(&r));
		size_t len = end ? (size_t)(end - r.p) : lb_rd_left(&r);
		struct lb_rd one = lb_rd_sub(&r, len);

		lb_rd_str(&one, line, sizeof(line));
		if (end)
			(void)lb_rd_take(&r, 1);
		if (one.bad)
			continue;
		cut_end(line);
		take_line(&info, line, &known);
	}
	if (!known)
		return LB_E(FORMAT);
	*out = info;
	return 0;
}

size_t lb_snapshot_info_format(char out[LB_SNAPSHOT_INFO_MAX], const struct lb_snapshot_info *info)
{
	static const char *const forget[] = {
		[LB_FORGET_NOTHING] = "",
		[LB_FORGET_STATE] = "FORGET=state\n",
		[LB_FORGET_ALL] = "FORGET=all\n",
	};
	char roll[64] = "", wait[32] = "", word[LB_SNAPSHOT_NAME_MAX];
	int n;

	lb_snapshot_word(info->roll_to, word);
	if (info->roll_to)
		(void)snprintf(roll, sizeof(roll), "ROLL_TO=%s\n", word);
	if (info->wait_minutes)
		(void)snprintf(wait, sizeof(wait), "WAIT=%u\n%s", info->wait_minutes,
			       info->started ? "STARTED=1\n" : "");
	n = snprintf(out, LB_SNAPSHOT_INFO_MAX,
		     "TYPE=\"%s\"\nDESCRIPTION=\"%s\"\n%sCREATED=\"%s\"\n%s%s",
		     lb_snapshot_type_name(info->type), info->description, roll, info->created,
		     forget[info->forget], wait);
	return (size_t)n;
}

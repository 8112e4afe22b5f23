#include "plan/bootenv.h"

#include <stdio.h>
#include <string.h>

/* Variables of our own. */
#define STATE_A "slot_a_state"
#define STATE_B "slot_b_state"
/* Those that U-Boot's own boot counter uses (CONFIG_BOOTCOUNT_ENV). */
#define COUNTING "upgrade_available"
#define COUNT	 "bootcount"
#define LIMIT	 "bootlimit"
/* Boots in a row that did not last, and after how many of them the other slot is entered. */
#define UNSETTLED "toggle_count"
#define TOGGLE	  "toggle"
/* A slot that is to be tried, but is not the one that boots enter now. */
#define LATER	  "later"

#define COUNT_MAX 9 /* U-Boot's scripts count in hexadecimal */

struct slot_row {
	enum lb_bootenv_scheme scheme;
	const char *variable, *value[LB_SLOTS_MAX];
};

static const char *const scheme_names[] = {
#define BOOTENV_SCHEME(id, name, help) [LB_BOOTENV_##id] = (name),
#define BOOTENV_SLOT(scheme, variable, first, second)
#define BOOTENV_GOOD(variable, value)
#include "tables/bootenv.def"
#undef BOOTENV_SCHEME
#undef BOOTENV_SLOT
#undef BOOTENV_GOOD
};

static const struct slot_row slot_rows[] = {
#define BOOTENV_SCHEME(id, name, help)
#define BOOTENV_SLOT(s, v, first, second) \
	{.scheme = LB_BOOTENV_##s, .variable = (v), .value = {(first), (second)}},
#define BOOTENV_GOOD(variable, value)
#include "tables/bootenv.def"
#undef BOOTENV_SCHEME
#undef BOOTENV_SLOT
#undef BOOTENV_GOOD
};

static const struct {
	const char *variable, *value;
} good_rows[] = {
#define BOOTENV_SCHEME(id, name, help)
#define BOOTENV_SLOT(scheme, variable, first, second)
#define BOOTENV_GOOD(v, good) {.variable = (v), .value = (good)},
#include "tables/bootenv.def"
#undef BOOTENV_SCHEME
#undef BOOTENV_SLOT
#undef BOOTENV_GOOD
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

const char *lb_bootenv_scheme_name(enum lb_bootenv_scheme scheme)
{
	return scheme < LB_BOOTENV_SCHEME_COUNT ? scheme_names[scheme] : "unknown";
}

int lb_bootenv_scheme_by_name(const char *name)
{
	for (int i = 0; i < LB_BOOTENV_SCHEME_COUNT; i++)
		if (strcmp(name, scheme_names[i]) == 0)
			return i;
	return LB_E(NOENT);
}

static void add(struct lb_bootenv_vars *v, const char *name, const char *value, bool only_if_there)
{
	struct lb_bootenv_var *var = &v->var[v->count++];

	(void)snprintf(var->name, sizeof(var->name), "%s", name);
	(void)snprintf(var->value, sizeof(var->value), "%s", value);
	var->only_if_there = only_if_there;
}

static const char *value_of(const struct lb_bootenv_vars *v, const char *name)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->var[i].name, name) == 0)
			return v->var[i].value;
	return "";
}

/* Of the script that counts with U-Boot's names of the variables; others count for themselves. */
static bool has_counter(enum lb_bootenv_scheme scheme)
{
	return scheme == LB_BOOTENV_LIFEBOAT;
}

static bool is_tried(const struct lb_slots_state *s, int slot)
{
	return s->slot[slot].state == LB_SLOT_TRYING;
}

static int active_of(const struct lb_slots_state *s)
{
	return s->active < LB_SLOTS_MAX ? s->active : 0;
}

/* "good", "trying", "bad:health". A state without a name is none that this version wrote. */
static void state_text(char out[LB_BOOTENV_VALUE_MAX], const struct lb_slots_state *s, int slot)
{
	const char *name = lb_slot_state_name(s->slot[slot].state);
	const char *why = s->slot[slot].why ? lb_slot_why_name(s->slot[slot].why) : "";

	if (is_tried(s, slot) && slot != active_of(s))
		name = LATER;
	(void)snprintf(out, LB_BOOTENV_VALUE_MAX, "%s%s%s", name, *why ? ":" : "", why);
}

static void add_counter(struct lb_bootenv_vars *out, const struct lb_slots_state *s, unsigned tries)
{
	const int active = active_of(s);
	const unsigned left = s->slot[active].tries;
	char number[LB_BOOTENV_VALUE_MAX];

	add(out, COUNTING, is_tried(s, active) ? "1" : "0", false);
	(void)snprintf(number, sizeof(number), "%u",
		       is_tried(s, active) && left < tries ? tries - left : 0);
	add(out, COUNT, number, false);
	(void)snprintf(number, sizeof(number), "%u", tries);
	add(out, LIMIT, number, false);
}

static unsigned countable(unsigned tries)
{
	return tries < COUNT_MAX ? tries : COUNT_MAX;
}

/* Without a toggle the loader counts nothing, and need not know of it. */
static void add_toggle(struct lb_bootenv_vars *out, const struct lb_slots_state *s, unsigned toggle)
{
	char number[LB_BOOTENV_VALUE_MAX] = "";

	if (toggle > 0)
		(void)snprintf(number, sizeof(number), "%u", countable(s->unsettled));
	add(out, UNSETTLED, number, false);
	if (toggle > 0)
		(void)snprintf(number, sizeof(number), "%u", countable(toggle));
	add(out, TOGGLE, number, false);
}

void lb_bootenv_encode(struct lb_bootenv_vars *out, const struct lb_slots_state *s,
		       enum lb_bootenv_scheme scheme, const struct lb_slots_rules *rules)
{
	char text[LB_BOOTENV_VALUE_MAX];

	*out = (struct lb_bootenv_vars){0};
	for (size_t i = 0; i < ROWS(slot_rows); i++)
		if (slot_rows[i].scheme == scheme)
			add(out, slot_rows[i].variable, slot_rows[i].value[active_of(s)], false);
	state_text(text, s, 0);
	add(out, STATE_A, text, false);
	state_text(text, s, 1);
	add(out, STATE_B, text, false);
	if (has_counter(scheme))
		add_counter(out, s, countable(rules->tries));
	if (has_counter(scheme))
		add_toggle(out, s, rules->toggle);
}

bool lb_bootenv_knows_toggle(const struct lb_bootenv_vars *vars, enum lb_bootenv_scheme scheme,
			     unsigned toggle)
{
	const char *known = value_of(vars, TOGGLE);

	if (!has_counter(scheme) || toggle == 0)
		return !has_counter(scheme) || !*known;
	return known[0] == (char)('0' + countable(toggle)) && !known[1];
}

void lb_bootenv_good(struct lb_bootenv_vars *out)
{
	*out = (struct lb_bootenv_vars){0};
	for (size_t i = 0; i < ROWS(good_rows); i++)
		add(out, good_rows[i].variable, good_rows[i].value, true);
}

void lb_bootenv_ask(struct lb_bootenv_vars *out, enum lb_bootenv_scheme scheme)
{
	const struct lb_slots_state any = {0};
	const struct lb_slots_rules none = {0};

	lb_bootenv_encode(out, &any, scheme, &none);
	for (size_t i = 0; i < out->count; i++)
		out->var[i].value[0] = '\0';
}

static unsigned number(const char *text)
{
	unsigned n = 0;

	if (!*text)
		return 0;
	for (; *text >= '0' && *text <= '9' && n <= COUNT_MAX; text++)
		n = n * 10 + (unsigned)(*text - '0');
	return *text ? COUNT_MAX + 1 : n; /* no number: nothing is left */
}

static uint8_t active_in(const struct lb_bootenv_vars *vars, enum lb_bootenv_scheme scheme)
{
	for (size_t i = 0; i < ROWS(slot_rows); i++)
		if (slot_rows[i].scheme == scheme)
			return strcmp(value_of(vars, slot_rows[i].variable),
				      slot_rows[i].value[1]) == 0;
	return 0;
}

/* The code of a name in one of the two tables, or -1. */
static int code_of(const char *(*name_of)(unsigned code), const char *text, size_t n)
{
	for (unsigned code = 0; code <= UINT8_MAX; code++) {
		const char *name = name_of(code);

		if (strlen(name) == n && memcmp(name, text, n) == 0 && strcmp(name, "unknown") != 0)
			return (int)code;
	}
	return -1;
}

/* "bad:health" into its two codes. */
static void parse_state(struct lb_slots_state *s, int slot, const char *text, unsigned tries)
{
	const char *colon = strchr(text, ':');
	const size_t n = colon ? (size_t)(colon - text) : strlen(text);
	int state = code_of(lb_slot_state_name, text, n), why = LB_SLOT_WHY_NONE;

	if (n == strlen(LATER) && memcmp(text, LATER, n) == 0)
		state = LB_SLOT_TRYING;
	if (colon)
		why = code_of(lb_slot_why_name, colon + 1, strlen(colon + 1));
	if (n == 0) /* nobody has written anything yet */
		state = LB_SLOT_NEW;
	/* A word that a later version wrote may mean anything: not to be booted by a guess. */
	s->slot[slot].state = state < 0 ? LB_SLOT_BAD : (uint8_t)state;
	s->slot[slot].why = why < 0 ? LB_SLOT_WHY_NONE : (uint8_t)why;
	s->slot[slot].tries = s->slot[slot].state == LB_SLOT_TRYING ? (uint8_t)tries : 0;
}

/* The loader's word counts: an updater or an init script of others says with it that a system is
 * new, or that it is good. */
static void heed_counter(struct lb_slots_state *s, const struct lb_bootenv_vars *vars,
			 unsigned tries)
{
	const int slot = s->active;
	const unsigned counted = number(value_of(vars, COUNT));
	const bool counting = strcmp(value_of(vars, COUNTING), "1") == 0;

	if (counting && s->slot[slot].state != LB_SLOT_WRITING) {
		s->slot[slot].state = LB_SLOT_TRYING;
		s->slot[slot].tries = counted < tries ? (uint8_t)(tries - counted) : 0;
	} else if (!counting && is_tried(s, slot)) {
		s->slot[slot].state = LB_SLOT_GOOD;
		s->slot[slot].tries = 0;
		s->slot[slot].why = LB_SLOT_WHY_NONE;
	}
}

void lb_bootenv_decode(struct lb_slots_state *out, const struct lb_bootenv_vars *vars,
		       enum lb_bootenv_scheme scheme, unsigned tries)
{
	const unsigned limit = has_counter(scheme) ? countable(tries) : tries;

	*out = (struct lb_slots_state){0};
	out->active = active_in(vars, scheme);
	parse_state(out, 0, value_of(vars, STATE_A), limit);
	parse_state(out, 1, value_of(vars, STATE_B), limit);
	if (has_counter(scheme)) {
		heed_counter(out, vars, limit);
		out->unsettled = (uint8_t)countable(number(value_of(vars, UNSETTLED)));
	}
	out->entered = out->active;
	out->reason = (uint8_t)lb_slots_follow(out, out->active).reason;
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* A decimal or, after 0x, a hexadecimal number of at most 15 digits, then a blank or the end. */
static const char *take_number(const char *p, uint64_t *out)
{
	const bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	const char *digits = hex ? p + 2 : p;
	const size_t n = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");
	uint64_t value = 0;

	if (n == 0 || n > 15 || (digits[n] && !strchr(" \t", digits[n])))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char c = digits[i];
		const unsigned digit = c <= '9' ? (unsigned)(c - '0') : ((unsigned)c & 0xf) + 9;

		value = value * (hex ? 16 : 10) + digit;
	}
	*out = value;
	return skip_blanks(digits + n);
}

int lb_bootenv_place_parse(struct lb_bootenv_place *out, const char *text)
{
	const char *p = skip_blanks(text);
	const size_t n = strcspn(p, " \t");
	struct lb_bootenv_place place = {0};
	uint64_t number_of[3] = {0}; /* offset, size, sector */
	int found = 0;

	if (n == 0 || n >= sizeof(place.device))
		return LB_E(FORMAT);
	memcpy(place.device, p, n);
	for (p = skip_blanks(p + n); *p && found < 3; found++) {
		p = take_number(p, &number_of[found]);
		if (!p)
			return LB_E(FORMAT);
	}
	if (*p || found < 2 || number_of[1] < LB_BOOTENV_BYTES_MIN ||
	    number_of[1] > LB_BOOTENV_BYTES_MAX || number_of[2] > LB_BOOTENV_BYTES_MAX ||
	    number_of[0] > INT64_MAX)
		return LB_E(FORMAT);
	place.off_bytes = number_of[0];
	place.size_bytes = (uint32_t)number_of[1];
	place.sector_bytes = (uint32_t)number_of[2];
	*out = place;
	return 0;
}

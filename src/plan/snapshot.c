#include "plan/snapshot.h"

#include <stdio.h>
#include <string.h>

#define DAY_S  INT64_C(86400)
#define WEEK_S (7 * DAY_S)

/* A decimal number without zeros in front, as all of `text` up to `end`. */
static int parse_number(uint32_t *out, const char *text, const char *end)
{
	uint32_t number = 0;

	if (text == end || *text == '0' || end - text > 9)
		return LB_E(FORMAT);
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return LB_E(FORMAT);
		number = number * 10 + (uint32_t)(*text - '0');
	}
	*out = number;
	return 0;
}

int lb_snapshot_parse_name(uint32_t *out, const char *name)
{
	if (name[0] != '@')
		return LB_E(FORMAT);
	name++;
	if (!*name)
		*out = LB_SNAPSHOT_CURRENT;
	else if (strcmp(name, "factory") == 0)
		*out = LB_SNAPSHOT_FACTORY;
	else
		return parse_number(out, name, name + strlen(name));
	return 0;
}

int lb_snapshot_parse_word(uint32_t *out, const char *word)
{
	if (strcmp(word, "factory") == 0)
		*out = LB_SNAPSHOT_FACTORY;
	else if (strcmp(word, "current") == 0)
		*out = LB_SNAPSHOT_CURRENT;
	else
		return parse_number(out, word, word + strlen(word));
	return 0;
}

int lb_snapshot_parse_info_name(uint32_t *out, const char *name)
{
	const char *dot = strchr(name, '.');

	if (!dot || strcmp(dot, ".info") != 0)
		return LB_E(FORMAT);
	return parse_number(out, name, dot);
}

void lb_snapshot_word(uint32_t number, char out[LB_SNAPSHOT_NAME_MAX])
{
	if (number == LB_SNAPSHOT_FACTORY)
		(void)snprintf(out, LB_SNAPSHOT_NAME_MAX, "factory");
	else if (number == LB_SNAPSHOT_CURRENT)
		(void)snprintf(out, LB_SNAPSHOT_NAME_MAX, "current");
	else
		(void)snprintf(out, LB_SNAPSHOT_NAME_MAX, "%u", number);
}

void lb_snapshot_name(uint32_t number, char out[LB_SNAPSHOT_NAME_MAX])
{
	char word[LB_SNAPSHOT_NAME_MAX];

	lb_snapshot_word(number, word);
	(void)snprintf(out, LB_SNAPSHOT_NAME_MAX, "@%.20s",
		       number == LB_SNAPSHOT_CURRENT ? "" : word);
}

void lb_snapshot_info_name(uint32_t number, char out[LB_SNAPSHOT_NAME_MAX])
{
	(void)snprintf(out, LB_SNAPSHOT_NAME_MAX, "%u.info", number);
}

/* Directories of btrfs come nearly in the order of their making, which is that of the numbers. */
void lb_snapshot_sort(struct lb_snapshot_set *set)
{
	for (size_t i = 1; i < set->count; i++) {
		struct lb_snapshot one = set->all[i];
		size_t at = i;

		for (; at > 0 && set->all[at - 1].number > one.number; at--)
			set->all[at] = set->all[at - 1];
		set->all[at] = one;
	}
}

const struct lb_snapshot *lb_snapshot_find(const struct lb_snapshot_set *set, uint32_t number)
{
	size_t first = 0, end = set->count;

	while (first < end) {
		const size_t at = first + (end - first) / 2;

		if (set->all[at].number == number)
			return &set->all[at];
		if (set->all[at].number < number)
			first = at + 1;
		else
			end = at;
	}
	return NULL;
}

int lb_snapshot_next(const struct lb_snapshot_set *set, uint32_t *out)
{
	uint32_t highest = set->count > 0 ? set->all[set->count - 1].number : 0;

	if (highest < set->taken)
		highest = set->taken;
	if (highest >= LB_SNAPSHOT_LAST || set->count == LB_SNAPSHOTS_MAX)
		return LB_E(RANGE);
	*out = highest + 1;
	return 0;
}

int lb_snapshot_target(const struct lb_snapshot_set *set, uint32_t *out)
{
	uint32_t passed = LB_SNAPSHOT_FACTORY; /* this one and all later ones have been passed */

	for (size_t i = set->count; i-- > 0;) {
		const struct lb_snapshot *s = &set->all[i];

		if (s->number >= passed)
			continue;
		if (s->type != LB_SNAPSHOT_ROLLBACK) {
			*out = s->number;
			return 0;
		}
		if (s->roll_to == LB_SNAPSHOT_FACTORY)
			break;
		if (s->roll_to > 0)
			passed = s->roll_to;
	}
	if (!set->factory)
		return LB_E(NOENT);
	*out = LB_SNAPSHOT_FACTORY;
	return 0;
}

bool lb_snapshot_is_left(const struct lb_snapshot_set *set, uint32_t number)
{
	for (size_t i = set->count; i-- > 0 && set->all[i].number > number;)
		if (set->all[i].type == LB_SNAPSHOT_ROLLBACK)
			return true;
	return false;
}

const struct lb_snapshot *lb_snapshot_waiting(const struct lb_snapshot_set *set)
{
	for (size_t i = set->count; i-- > 0;)
		if (set->all[i].type == LB_SNAPSHOT_SAVE && set->all[i].waits)
			return &set->all[i];
	return NULL;
}

size_t lb_snapshot_retention(const struct lb_snapshot_set *set,
			     const struct lb_snapshot_limits *limits, bool *doomed)
{
	const int most[LB_SNAPSHOT_TYPES] = {
		[LB_SNAPSHOT_SINGLE] = limits->single,	   [LB_SNAPSHOT_TIME] = limits->time,
		[LB_SNAPSHOT_PRE] = limits->update,	   [LB_SNAPSHOT_POST] = limits->update,
		[LB_SNAPSHOT_ROLLBACK] = limits->rollback, [LB_SNAPSHOT_SAVE] = -1,
	};
	int kept[LB_SNAPSHOT_TYPES] = {0};
	size_t count = 0;

	for (size_t i = set->count; i-- > 0;) {
		enum lb_snapshot_type type = set->all[i].type;

		doomed[i] = most[type] >= 0 && kept[type] >= most[type];
		kept[type] += !doomed[i];
		count += doomed[i];
	}
	return count;
}

bool lb_snapshot_is_due(int64_t last_s, int64_t now_s)
{
	return last_s == 0 || now_s - last_s >= WEEK_S;
}

bool lb_snapshot_counts(int64_t made_s, int64_t now_s)
{
	return made_s <= now_s + DAY_S;
}

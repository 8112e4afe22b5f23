#include "store/board_keys.h"

#include <linux/input-event-codes.h>
#include <stdint.h>
#include <string.h>

#include "base/near.h"
#include "store/board.h"

const struct lb_board_key lb_board_keys[LB_BOARD_KEY_COUNT] = {
#define BOARD_KEY(id, section_, key_, kind_, owner, field, least_, most_, preset_) \
	[LB_BOARD_##id] = {                                                        \
		.section = (section_),                                             \
		.name = (key_),                                                    \
		.kind = LB_KIND_##kind_,                                           \
		.off_bytes = offsetof(struct owner, field),                        \
		.size_bytes = sizeof(((struct owner *)0)->field),                  \
		.least = (least_),                                                 \
		.most = (most_),                                                   \
		.preset = (preset_),                                               \
	},
#include "tables/board.def"
#undef BOARD_KEY
};

static const struct {
	const char *name;
	uint16_t code;
} keys[] = {
#define KEY(name_) {.name = #name_, .code = (name_)},
#include "tables/keys.def"
#undef KEY
};

#define KEY_ROWS (sizeof(keys) / sizeof(keys[0]))

static const struct {
	enum lb_profile profile;
	uint16_t code; /* 0: every other key */
	enum lb_action short_action, long_action;
	unsigned short_ms, long_ms;
} holds[] = {
#define HOLD(profile_, key, short_, long_, short_ms_, long_ms_) \
	{.profile = LB_PROFILE_##profile_,                      \
	 .code = (key),                                         \
	 .short_action = LB_ACTION_##short_,                    \
	 .long_action = LB_ACTION_##long_,                      \
	 .short_ms = (short_ms_),                               \
	 .long_ms = (long_ms_)},
#include "tables/holds.def"
#undef HOLD
};

void lb_key_hold(struct lb_button *button, enum lb_profile profile)
{
	size_t i = 0;

	while (holds[i].profile != profile || (holds[i].code && holds[i].code != button->code))
		i++;
	button->short_press = (struct lb_deed){.action = holds[i].short_action};
	button->long_press = (struct lb_deed){.action = holds[i].long_action};
	button->short_ms = holds[i].short_ms;
	button->long_ms = holds[i].long_ms;
}

int lb_board_key_find(const char *section, const char *name)
{
	for (int i = 0; i < LB_BOARD_KEY_COUNT; i++)
		if (strcmp(lb_board_keys[i].section, section) == 0 &&
		    strcmp(lb_board_keys[i].name, name) == 0)
			return i;
	return LB_E(NOENT);
}

const char *lb_key_name(unsigned code)
{
	for (size_t i = 0; i < KEY_ROWS; i++)
		if (keys[i].code == code)
			return keys[i].name;
	return NULL;
}

int lb_key_code(const char *name)
{
	for (size_t i = 0; i < KEY_ROWS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return keys[i].code;
	return LB_E(NOENT);
}

const char *lb_key_nearest(const char *typed)
{
	size_t best = 0;

	for (size_t i = 1; i < KEY_ROWS; i++)
		if (lb_edit_distance(typed, keys[i].name) <
		    lb_edit_distance(typed, keys[best].name))
			best = i;
	return keys[best].name;
}

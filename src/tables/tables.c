#include "tables/tables.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"

const struct lb_led_pattern lb_led_patterns[LB_LED_COUNT] = {
#define LED(id, on, off, meaning) [LB_LED_##id] = {.on_ms = (on), .off_ms = (off)},
#include "tables/leds.def"
#undef LED
};

static const char *const state_names[] = {
#define STATE(id, code, name, help) [(code)] = (name),
#include "tables/states.def"
#undef STATE
};

static const char *const takeover_names[] = {
#define HANDOVER(id, name, help) [LB_TAKEOVER_##id] = (name),
#include "tables/handovers.def"
#undef HANDOVER
};

static const char *const reason_names[] = {
#define REASON(id, code, name, text) [(code)] = (name),
#include "tables/reasons.def"
#undef REASON
};

static const char *const reason_texts[] = {
#define REASON(id, code, name, text) [(code)] = (text),
#include "tables/reasons.def"
#undef REASON
};

static const char *const slot_state_names[] = {
#define SLOT_STATE(id, code, name, help) [(code)] = (name),
#include "tables/slot_states.def"
#undef SLOT_STATE
};

static const char *const slot_reason_names[] = {
#define SLOT_REASON(id, code, name, text) [(code)] = (name),
#include "tables/slot_reasons.def"
#undef SLOT_REASON
};

static const char *const slot_reason_texts[] = {
#define SLOT_REASON(id, code, name, text) [(code)] = (text),
#include "tables/slot_reasons.def"
#undef SLOT_REASON
};

static const char *const slot_why_names[] = {
#define SLOT_WHY(id, code, name, text) [(code)] = (name),
#include "tables/slot_whys.def"
#undef SLOT_WHY
};

static const char *const slot_why_texts[] = {
#define SLOT_WHY(id, code, name, text) [(code)] = (text),
#include "tables/slot_whys.def"
#undef SLOT_WHY
};

static const char *const policy_names[] = {
#define POLICY(id, name, help) [LB_POLICY_##id] = (name),
#include "tables/policies.def"
#undef POLICY
};

static const char *const door_names[] = {
#define DOOR(id, name, words) [LB_DOOR_##id] = (name),
#include "tables/doors.def"
#undef DOOR
};

static const char *const door_words[] = {
#define DOOR(id, name, words) [LB_DOOR_##id] = (words),
#include "tables/doors.def"
#undef DOOR
};

static const char *const role_names[] = {
#define LED_ROLE(id, name, help) [LB_ROLE_##id] = (name),
#include "tables/led_roles.def"
#undef LED_ROLE
};

static const char *const action_names[] = {
#define ACTION(id, name, deed) [LB_ACTION_##id] = (name),
#include "tables/actions.def"
#undef ACTION
};

static const char *const action_deeds[] = {
#define ACTION(id, name, deed) [LB_ACTION_##id] = (deed),
#include "tables/actions.def"
#undef ACTION
};

static const char *const profile_names[] = {
#define PROFILE(id, name, start_led, boot_led, help) [LB_PROFILE_##id] = (name),
#include "tables/profiles.def"
#undef PROFILE
};

const struct lb_profile_leds lb_profile_leds[LB_PROFILE_COUNT] = {
#define PROFILE(id, name, start_led, boot_led, help) \
	[LB_PROFILE_##id] = {LB_LED_##start_led, LB_LED_##boot_led},
#include "tables/profiles.def"
#undef PROFILE
};

static const char *const mode_names[] = {
#define MODE(id, number, next, name, help) [(number)] = (name),
#include "tables/modes.def"
#undef MODE
};

static const char *const mode_helps[] = {
#define MODE(id, number, next, name, help) [(number)] = (help),
#include "tables/modes.def"
#undef MODE
};

static const char *const failure_texts[] = {
#define FAILURE(id, blinks, name, text) [(blinks)] = (text),
#include "tables/failures.def"
#undef FAILURE
};

#define PICK(table, i) pick(table, sizeof(table) / sizeof((table)[0]), i)

static const char *pick(const char *const *table, size_t n, unsigned i)
{
	return i < n && table[i] ? table[i] : "unknown";
}

const char *lb_state_name(unsigned state)
{
	return PICK(state_names, state);
}

const char *lb_reason_name(unsigned reason)
{
	return PICK(reason_names, reason);
}

const char *lb_reason_text(unsigned reason)
{
	return PICK(reason_texts, reason);
}

const char *lb_slot_state_name(unsigned state)
{
	return PICK(slot_state_names, state);
}

const char *lb_slot_reason_name(unsigned reason)
{
	return PICK(slot_reason_names, reason);
}

const char *lb_slot_reason_text(unsigned reason)
{
	return PICK(slot_reason_texts, reason);
}

const char *lb_slot_why_name(unsigned why)
{
	return PICK(slot_why_names, why);
}

const char *lb_slot_why_text(unsigned why)
{
	return PICK(slot_why_texts, why);
}

const char *lb_policy_name(unsigned policy)
{
	return PICK(policy_names, policy);
}

const char *lb_door_name(unsigned door)
{
	return PICK(door_names, door);
}

const char *lb_door_words(unsigned door)
{
	return PICK(door_words, door);
}

const char *lb_led_role_name(unsigned role)
{
	return PICK(role_names, role);
}

const char *lb_action_name(unsigned action)
{
	return PICK(action_names, action);
}

const char *lb_action_deed(unsigned action)
{
	return PICK(action_deeds, action);
}

const char *lb_profile_name(unsigned profile)
{
	return PICK(profile_names, profile);
}

const char *lb_mode_name(unsigned mode)
{
	return PICK(mode_names, mode);
}

const char *lb_mode_help(unsigned mode)
{
	return PICK(mode_helps, mode);
}

const char *lb_failure_text(unsigned failure)
{
	return PICK(failure_texts, failure);
}

const char *lb_takeover_name(unsigned takeover)
{
	return PICK(takeover_names, takeover);
}

int lb_takeover_by_name(const char *name)
{
	for (int i = 0; i < LB_TAKEOVER_COUNT; i++)
		if (strcmp(takeover_names[i], name) == 0)
			return i;
	return LB_E(NOENT);
}

int lb_mode_by_name(const char *name)
{
	for (int i = 1; i <= LB_MODE_COUNT; i++)
		if (strcmp(mode_names[i], name) == 0)
			return i;
	return LB_E(NOENT);
}

int lb_profile_by_name(const char *name)
{
	for (int i = 0; i < LB_PROFILE_COUNT; i++)
		if (strcmp(profile_names[i], name) == 0)
			return i;
	return LB_E(NOENT);
}

int lb_policy_by_name(const char *name)
{
	for (int i = 0; i < LB_POLICY_COUNT; i++)
		if (strcmp(policy_names[i], name) == 0)
			return i;
	return LB_E(NOENT);
}

int lb_door_by_name(const char *name)
{
	for (int i = 0; i < LB_DOOR_COUNT; i++)
		if (strcmp(door_names[i], name) == 0)
			return i;
	return LB_E(NOENT);
}

int lb_action_by_name(const char *name)
{
	for (int i = 0; i < LB_ACTION_COUNT; i++)
		if (strcmp(action_names[i], name) == 0)
			return i;
	return LB_E(NOENT);
}

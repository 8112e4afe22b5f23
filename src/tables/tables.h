/* tables/tables.h - the enums that the *.def tables stand for. Names and texts: tables.c. */
#pragma once

enum lb_policy {
#define POLICY(id, name, help) LB_POLICY_##id,
#include "tables/policies.def"
#undef POLICY
	LB_POLICY_COUNT
};

enum lb_door {
#define DOOR(id, name, words) LB_DOOR_##id,
#include "tables/doors.def"
#undef DOOR
	LB_DOOR_COUNT
};

enum lb_led {
#define LED(id, on_ms, off_ms, meaning) LB_LED_##id,
#include "tables/leds.def"
#undef LED
	LB_LED_COUNT
};

enum lb_led_role {
#define LED_ROLE(id, name, help) LB_ROLE_##id,
#include "tables/led_roles.def"
#undef LED_ROLE
	LB_ROLE_COUNT
};

enum lb_state {
#define STATE(id, code, name, help) LB_STATE_##id = (code),
#include "tables/states.def"
#undef STATE
};

enum lb_reason {
#define REASON(id, code, name, text) LB_REASON_##id = (code),
#include "tables/reasons.def"
#undef REASON
};

enum lb_slot_state {
#define SLOT_STATE(id, code, name, help) LB_SLOT_##id = (code),
#include "tables/slot_states.def"
#undef SLOT_STATE
};

enum lb_slot_reason {
#define SLOT_REASON(id, code, name, text) LB_SLOT_REASON_##id = (code),
#include "tables/slot_reasons.def"
#undef SLOT_REASON
};

enum lb_slot_why {
#define SLOT_WHY(id, code, name, text) LB_SLOT_WHY_##id = (code),
#include "tables/slot_whys.def"
#undef SLOT_WHY
};

enum lb_action {
#define ACTION(id, name, deed) LB_ACTION_##id,
#include "tables/actions.def"
#undef ACTION
	LB_ACTION_COUNT
};

enum lb_profile {
#define PROFILE(id, name, start_led, boot_led, help) LB_PROFILE_##id,
#include "tables/profiles.def"
#undef PROFILE
	LB_PROFILE_COUNT
};

enum lb_mode {
#define MODE(id, number, next, name, help) LB_MODE_##id = (number),
#include "tables/modes.def"
#undef MODE
};

enum {
	LB_MODE_COUNT = 0
#define MODE(id, number, next, name, help) +1
#include "tables/modes.def"
#undef MODE
};

enum lb_takeover_way {
#define HANDOVER(id, name, help) LB_TAKEOVER_##id,
#include "tables/handovers.def"
#undef HANDOVER
	LB_TAKEOVER_COUNT
};

enum lb_failure {
	LB_FAILURE_NONE = 0,
#define FAILURE(id, blinks, name, text) LB_FAILURE_##id = (blinks),
#include "tables/failures.def"
#undef FAILURE
};

enum lb_exit {
#define EXIT(id, code, help) LB_EXIT_##id = (code),
#include "tables/exits.def"
#undef EXIT
};

struct lb_led_pattern {
	unsigned on_ms, off_ms;
};

extern const struct lb_led_pattern lb_led_patterns[LB_LED_COUNT];

/* What the boot LED shows on a board of a profile, unless a dialogue has it. */
struct lb_profile_leds {
	enum lb_led start; /* from the moment that the boot gate has it */
	enum lb_led boot;  /* once the boot goes on by itself, until the system is up */
};

extern const struct lb_profile_leds lb_profile_leds[LB_PROFILE_COUNT];

/* Names for people and machines; "unknown" for a code that is in no table. Never NULL. */
const char *lb_state_name(unsigned state);
const char *lb_reason_name(unsigned reason);
const char *lb_reason_text(unsigned reason);
const char *lb_slot_state_name(unsigned state);
const char *lb_slot_reason_name(unsigned reason);
const char *lb_slot_reason_text(unsigned reason);
const char *lb_slot_why_name(unsigned why);
const char *lb_slot_why_text(unsigned why);
const char *lb_policy_name(unsigned policy);
const char *lb_door_name(unsigned door);
const char *lb_door_words(unsigned door);
const char *lb_led_role_name(unsigned role);
const char *lb_action_name(unsigned action);
const char *lb_action_deed(unsigned action);
const char *lb_profile_name(unsigned profile);
const char *lb_mode_name(unsigned mode);
const char *lb_mode_help(unsigned mode);
const char *lb_failure_text(unsigned failure);
const char *lb_takeover_name(unsigned takeover);

/* The policy of that name, or LB_E(NOENT). */
int lb_policy_by_name(const char *name);

/* The door of that name, or LB_E(NOENT). */
int lb_door_by_name(const char *name);

/* The way of that name, or LB_E(NOENT). */
int lb_takeover_by_name(const char *name);

/* The mode of that name, or LB_E(NOENT). */
int lb_mode_by_name(const char *name);

/* The profile of that name, or LB_E(NOENT). */
int lb_profile_by_name(const char *name);

/* The action of that name, or LB_E(NOENT). */
int lb_action_by_name(const char *name);

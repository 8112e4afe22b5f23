/* store/board_keys.h - the keys of a board file, from tables/board.def and tables/keys.def. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plat/button.h"

enum lb_board_kind {
	LB_KIND_ID,	  /* vendor,model */
	LB_KIND_TEXT,	  /* anything printable */
	LB_KIND_LED_NAME, /* a name below /sys/class/leds */
	LB_KIND_PATH,	  /* absolute */
	LB_KIND_STORAGE,  /* /dev/..., PARTLABEL=..., PARTUUID=..., MTD=..., UBI=... */
	LB_KIND_IMAGE,	  /* the same, or the same:/path/of/a/file */
	LB_KIND_NUMBER,
	LB_KIND_SECONDS,     /* stored as milliseconds */
	LB_KIND_SWITCH,	     /* true or false */
	LB_KIND_ADDRESS,     /* IPv4 address/prefix */
	LB_KIND_KEYCODE,     /* name of keys.def, or number */
	LB_KIND_DEED,	     /* name of actions.def, or run:COMMAND */
	LB_KIND_LAN_PORT,    /* list */
	LB_KIND_WAN_PORT,    /* list */
	LB_KIND_IMAGE_NAME,  /* list */
	LB_KIND_VOLUME,	     /* list */
	LB_KIND_HEALTH_PORT, /* list */
	LB_KIND_SERVICE,     /* list */
	LB_KIND_URL,	     /* https://... */
	LB_KIND_NAME_SERVER, /* list */
	LB_KIND_HELD_LED,    /* list */
	LB_KIND_MODES,	     /* list */
	LB_KIND_MODE,
	LB_KIND_POLICY, /* the rest: one word of several */
	LB_KIND_PROFILE,
	LB_KIND_HANDOVER,
	LB_KIND_SIGNATURE,
	LB_KIND_TAKEOVER,
	LB_KIND_SLOT_STORE,
	LB_KIND_SLOT_SCHEME,
	LB_KIND_ENV_PLACE, /* list */
	LB_KIND_CARD_TABLE,
	LB_KIND_CARD_PART, /* list */
	LB_KIND_COUNT
};

enum lb_board_key_id {
#define BOARD_KEY(id, section, key, kind, owner, field, least, most, preset) LB_BOARD_##id,
#include "tables/board.def"
#undef BOARD_KEY
	LB_BOARD_KEY_COUNT
};

struct lb_board_key {
	const char *section; /* "" = not in a section */
	const char *name;
	enum lb_board_kind kind;
	size_t off_bytes, size_bytes; /* of the field */
	long least, most;
	const char *preset; /* NULL = none */
};

extern const struct lb_board_key lb_board_keys[LB_BOARD_KEY_COUNT];

/* LB_BOARD_<ID>, or LB_E(NOENT). */
int lb_board_key_find(const char *section, const char *name);

/* Set both deeds, short_ms and long_ms to what tables/holds.def has for the button's code. */
void lb_key_hold(struct lb_button *button, enum lb_profile profile);

/* The name of a key code, or NULL when keys.def has none. */
const char *lb_key_name(unsigned code);

/* The code of a name of keys.def, or LB_E(NOENT). */
int lb_key_code(const char *name);

/* The name of keys.def that is nearest to what was typed. Never NULL. */
const char *lb_key_nearest(const char *typed);

#include "store/board.h"

#include <assert.h>
#include <string.h>

#include "store/board_value.h"

void lb_board_defaults(struct lb_board *out)
{
	char why[LB_SENTENCE_MAX];

	*out = (struct lb_board){0};
	for (int id = 0; id < LB_BOARD_KEY_COUNT; id++) {
		const struct lb_board_key *key = &lb_board_keys[id];
		struct lb_board_named none = {0};
		int rc = 0;

		if (key->preset)
			rc = lb_board_set(out, &none, (enum lb_board_key_id)id, key->preset, why);
		assert(rc == 0); /* constants of board.def, all set by the first unit test */
	}
}

void lb_board_button_defaults(struct lb_button *button, enum lb_profile profile)
{
	struct lb_board_named named = {.button = *button};
	char why[LB_SENTENCE_MAX];

	lb_key_hold(&named.button, profile);
	for (int id = 0; id < LB_BOARD_KEY_COUNT; id++) {
		const struct lb_board_key *key = &lb_board_keys[id];
		int rc = 0;

		if (key->preset && strcmp(key->section, "button") == 0)
			rc = lb_board_set(NULL, &named, (enum lb_board_key_id)id, key->preset, why);
		assert(rc == 0); /* constants of board.def, as above */
	}
	*button = named.button;
}

bool lb_board_wants_signature(const struct lb_board *b, enum lb_door door)
{
	return b->signature_required[LB_DOOR_COMMAND] || b->signature_required[door];
}

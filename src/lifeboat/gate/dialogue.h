/* lifeboat/gate/dialogue.h - carry a dialogue out: the state machines of panel/ on a struct plat.
 */
#pragma once

#include "panel/window.h"
#include "plat/plat.h"

struct lb_window_result {
	enum lb_state state;
	enum lb_reason reason;
	unsigned button;
	unsigned debug_level;
};

/* Open the window and stay until it is over. `refusal`: said when somebody asks for failsafe where
 * it is not offered. */
struct lb_window_result lb_dialogue_window(const struct plat *p,
					   const struct lb_window_config *config,
					   unsigned held_buttons, const char *refusal);

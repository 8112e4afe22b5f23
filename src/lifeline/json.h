/* lifeline/json.h - one event on one line, for a machine. */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/* For CLEANUP(). */
void lb_json_putp(struct json_object **o);

/* All of these: 0, or LB_E(NOSPC) when memory ran out. `value` is taken over, also on failure. */
MUST_CHECK int lb_json_put(struct json_object *o, const char *key, struct json_object *value);
/* "" is left out. */
MUST_CHECK int lb_json_text(struct json_object *o, const char *key, const char *text);
MUST_CHECK int lb_json_number(struct json_object *o, const char *key, uint64_t number);
MUST_CHECK int lb_json_truth(struct json_object *o, const char *key, bool truth);

/* To standard output; it is flushed by whoever decides what a failure means. */
MUST_CHECK int lb_json_print(struct json_object *o);

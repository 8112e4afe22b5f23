/* lifeboat/install/verify.h - how "lifeboat verify" tells what was found out. */
#pragma once

#include "install/verify.h"

/* For people; one JSON object. 0, or LB_E(IO|NOSPC): it could not be written. */
MUST_CHECK int lb_verify_print(const struct lb_verified *v);
MUST_CHECK int lb_verify_print_json(const struct lb_verified *v);

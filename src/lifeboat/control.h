/* lifeboat/control.h - a word to the boot gate while it waits in failsafe or rescue. */
#pragma once

#include "base/err.h"

/* 0, or LB_E(...) with errno set: nobody listens. */
MUST_CHECK int lb_tell_gate(const char *word);

/* lifeboat/gate/login.h - who gets in while failsafe is active.
 *
 * SSH and a locked serial console check their users against an /etc of their own
 * (LB_LOGIN_DIR/etc), in a mount namespace of their own: whatever mount_root and passwd do to the
 * real /etc, the door stays as the policy says. The shell behind the door (lifeboat-shell(8)) steps
 * back into the namespace of PID 1.
 */
#pragma once

#include <stdbool.h>

#include "store/board.h"

#define LB_LOGIN_DIR  "/run/lifeboat/login"
#define LB_LOGIN_HOME LB_LOGIN_DIR "/root" /* holds .ssh/authorized_keys */

struct lb_login {
	bool password;		   /* root has one to be checked */
	bool keys;		   /* authorized_keys were found */
	char why[LB_SENTENCE_MAX]; /* under LOCKED: where the owner's secrets came from, or why
				      there are none */
};

/* Write LB_LOGIN_DIR, for root only, for the policy. Under LOCKED the owner's password and keys are
 * read from the overlay on `disk` (NULL: there is none) without writing to it: what the owner's
 * system would accept. An owner without password and without keys leaves the door shut; OFF too. 0
 * or LB_E(...): then nobody gets in. */
MUST_CHECK int lb_login_prepare(struct lb_login *out, enum lb_policy policy, const char *disk);

/* Delete what is secret in LB_LOGIN_DIR: the system that runs next has no use for it. */
void lb_login_forget(void);

/* In a child, before a login program is executed: take LB_LOGIN_DIR/etc as /etc, in a mount
 * namespace of our own. */
MUST_CHECK int lb_login_enter(void);

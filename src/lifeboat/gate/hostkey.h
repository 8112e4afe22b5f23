/* lifeboat/gate/hostkey.h - the recovery SSH host key: the same at every rescue, so that a client
 * may trust it. */
#pragma once

#include "store/board.h"

#define LB_HOST_KEY_FILE "/run/lifeboat/login/host_key"

/* Put the key of the recovery record into LB_HOST_KEY_FILE; make one at the first use and record
 * it. A board without a record gets a new key each time. A key that is there already stays.
 * `fingerprint` is what OpenSSH prints ("SHA256:..."), "" when it cannot be had. Runs programs: not
 * for PID 1 itself. 0, LB_E(NOENT) without dropbearkey, LB_E(CHILD). */
MUST_CHECK int lb_host_key_provide(const struct lb_board *board, char fingerprint[LB_NAME_MAX]);

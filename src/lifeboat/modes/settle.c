#include "lifeboat/install/medkit_flash.h"
#include "lifeboat/modes/mode.h"

bool lb_mode_settle(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	const int rc = lb_medkit_settle(ask->board, ask->root);

	if (rc > 0)
		*out = (struct lb_mode_result){
			.why = "the system on the card is whole, and stays as it is"};
	/* To reboot would be to come here again. */
	else if (rc < 0)
		(void)lb_mode_fail(out, LB_FAILURE_STORAGE,
				   "nothing is written, for the system on the card may be whole: "
				   "the card or the recovery record %s",
				   lb_strerror(rc));
	return rc != 0;
}

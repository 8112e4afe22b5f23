#include "lifeboat/snapshot/snapshot.h"

const char *lb_snapshot_why(int rc)
{
	switch (rc) {
	case LB_E(NOSPC):
		return "is full, or a quota on it is reached: delete snapshots or files that are not needed";
	case LB_E(RANGE):
		return "has no number left for a snapshot: delete the one with the highest number";
	case LB_E(BUSY):
		return "holds a swap file that is in use: switch it off with swapoff, or keep it in a subvolume of "
		       "its own";
	case LB_E(AUTH):
		return "is read-only";
	default:
		return lb_strerror(rc);
	}
}

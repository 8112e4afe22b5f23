#include "base/err.h"

#include <errno.h>

const char *lb_strerror(int err)
{
	static const char *const text[LB_EI_COUNT] = {
		[LB_EI_OK] = "is fine",
#define ERR(name, words) [LB_EI_##name] = words,
#include "tables/errors.def"
#undef ERR
	};

	if (err > 0 || err <= -LB_EI_COUNT)
		return "failed for an unknown reason";
	return text[-err];
}

int lb_err_from_errno(int sys_errno)
{
	switch (sys_errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOTDIR:
		return LB_E(NOENT);
	case EEXIST:
		return LB_E(EXIST);
	case EBUSY:
	case ETXTBSY:
		return LB_E(BUSY);
	case EPERM:
	case EACCES:
	case EROFS:
		return LB_E(AUTH);
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case ENOMEM:
		return LB_E(NOSPC);
	case ENOSYS:
	case EOPNOTSUPP:
	case EAFNOSUPPORT:
		return LB_E(UNSUP);
	case ETIMEDOUT:
		return LB_E(TIMEOUT);
	case EINVAL:
	case EBADMSG:
	case EUCLEAN:
		return LB_E(FORMAT);
	default:
		return LB_E(IO);
	}
}

#include "lifeboat/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "lifeboat/status_file.h"

int lb_tell_gate(const char *word)
{
	CLEANUP(lb_fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_un gate = {.sun_family = AF_UNIX, .sun_path = LB_CONTROL};

	if (fd < 0 ||
	    sendto(fd, word, strlen(word), 0, (const struct sockaddr *)&gate, sizeof(gate)) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

#include "plat/linux/machine/health.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plat/linux/files/files.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"
#include "tables/limits.h"

#define TCP_LISTENS   "0A" /* the kernel's TCP_LISTEN, as /proc/net/tcp has it */
#define LOOK_EVERY_MS 20

bool lb_health_link(const char *port)
{
	char path[LB_PATH_MAX], text[8] = "";

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/carrier", port);
	/* A port that is down cannot be asked: EINVAL. */
	return lb_file_read(path, text, sizeof(text)) > 0 && text[0] == '1';
}

static bool is_more_than_link_local(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 16 != 0xa9fe; /* 169.254 */
	return address->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
}

bool lb_health_address(const char *interface)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *a = all; a && !found; a = a->ifa_next)
		found = a->ifa_addr && strcmp(a->ifa_name, interface) == 0 &&
			(a->ifa_flags & IFF_UP) && is_more_than_link_local(a->ifa_addr);
	freeifaddrs(all);
	return found;
}

/* A line: "  0: 00000000:0016 00000000:0000 0A ..." */
static bool has_listener(const char *table, unsigned port)
{
	FILE *f = fopen(table, "re");
	char line[256], state[3];
	unsigned local;
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, " %*u: %*32[0-9A-F]:%4x %*32[0-9A-F]:%*4x %2s", &local,
			       state) == 2 &&
			local == port && strcmp(state, TCP_LISTENS) == 0;
	if (f)
		(void)fclose(f);
	return found;
}

bool lb_health_tcp(unsigned port)
{
	return has_listener("/proc/net/tcp", port) || has_listener("/proc/net/tcp6", port);
}

bool lb_health_pid(const char *file)
{
	char text[32];
	long pid;

	if (lb_file_read(file, text, sizeof(text)) < 0)
		return false;
	pid = strtol(text, NULL, 10);
	return pid > 0 && kill((pid_t)pid, 0) == 0;
}

static void run_shell(const char *command)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	char path[LB_PATH_MAX];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid(); /* to be killed with all that it started */
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		(void)dup2(null, fd);
	if (lb_program_find(argv[0], path, sizeof(path)) == 0)
		(void)execv(path, (char *const *)argv);
	_exit(127);
}

bool lb_health_run(const char *command, unsigned limit_ms)
{
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000l};
	const uint64_t until_ms = lb_monotonic_ms() + limit_ms;
	pid_t pid = lb_fork(), ended;
	int status = 0;

	if (pid < 0)
		return false;
	if (pid == 0)
		run_shell(command);
	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && lb_monotonic_ms() < until_ms)
		(void)nanosleep(&pause, NULL);
	if (ended != 0)
		return ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return false;
}

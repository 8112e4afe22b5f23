#include "lifeboat/gate/services.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/gate/hostkey.h"
#include "lifeboat/page/page.h"
#include "panel/led.h"
#include "plan/dhcp.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/proc.h"

#define SSH_LOG		  "/run/lifeboat/ssh.log"
#define SSH_LOG_MAX_BYTES 65536
#define DHCP_CONFIG	  "/run/lifeboat/udhcpd.conf"

static void address_text(uint32_t address, char out[INET_ADDRSTRLEN])
{
	struct in_addr in = {.s_addr = htonl(address)};

	(void)inet_ntop(AF_INET, &in, out, INET_ADDRSTRLEN);
}

static int exec_program(const char *const argv[])
{
	char path[LB_PATH_MAX];

	if (lb_program_find(argv[0], path, sizeof(path)) < 0) {
		log_err("there is no %s in this system", argv[0]);
		return LB_EXIT_SYSTEM;
	}
	(void)execv(path, (char *const *)argv);
	log_err("%s cannot be started: %s", path, strerror(errno));
	return LB_EXIT_SYSTEM;
}

static int run_ssh(const struct lb_service *s)
{
	char address[INET_ADDRSTRLEN], listen_on[INET_ADDRSTRLEN + 8];
	/* -F foreground, -E log to stderr, -m no motd, -j -k no forwarding: this door is for rescue
	 * only. */
	const char *argv[18] = {"dropbear", "-F",
				"-E",	    "-m",
				"-j",	    "-k",
				"-P",	    "/run/lifeboat/ssh.pid",
				"-r",	    LB_HOST_KEY_FILE,
				"-K",	    "60", /* a PC that is gone is no session */
				"-p",	    listen_on};
	int log = open(SSH_LOG, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	size_t n = 14;

	address_text(s->machine->lan.address, address);
	(void)snprintf(listen_on, sizeof(listen_on), "%s:22", address);
	if (s->board->failsafe == LB_POLICY_OPEN)
		argv[n++] = "-B"; /* the blank password of LB_LOGIN_DIR is accepted */
	else if (!s->login->password)
		argv[n++] = "-s"; /* keys only */
	if (log >= 0 && dup2(log, 1) >= 0)
		(void)dup2(log, 2);
	if (lb_login_enter() < 0) {
		log_err("the login's own /etc cannot be set up: %s", strerror(errno));
		return LB_EXIT_SYSTEM;
	}
	return exec_program(argv);
}

static int take_console(const char *name)
{
	char path[LB_PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return lb_err_from_errno(errno);
	if (ioctl(fd, TIOCSCTTY, 1) < 0)
		log_debug("%s is no controlling terminal: no job control there", path);
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			return lb_err_from_errno(errno);
	(void)setenv("TERM",
		     strncmp(name, "tty", 3) == 0 && name[3] >= '0' && name[3] <= '9' ? "linux"
										      : "vt102",
		     1);
	return 0;
}

static int run_console(const struct lb_service *s)
{
	const char *const login[] = {"login", NULL};
	char name[] = "shell";
	char *shell[] = {name, NULL};

	if (take_console(s->machine->consoles.names[s->console]) < 0)
		return LB_EXIT_SYSTEM;
	if (s->board->failsafe == LB_POLICY_OPEN)
		return applet_shell(1, shell);
	if (lb_login_enter() < 0)
		return LB_EXIT_SYSTEM;
	return exec_program(login);
}

static int write_dhcp_config(const struct lb_service *s)
{
	struct lb_dhcp_range range = lb_dhcp_range(s->board->address, s->board->prefix_bits);
	char text[512], own[INET_ADDRSTRLEN], from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN],
		mask[INET_ADDRSTRLEN];

	address_text(s->board->address, own);
	address_text(range.first, from);
	address_text(range.last, to);
	address_text(~(uint32_t)0 << (32 - s->board->prefix_bits), mask);
	(void)snprintf(
		text, sizeof(text),
		"start %s\nend %s\ninterface %s\nlease_file /run/lifeboat/udhcpd.leases\n"
		"pidfile /run/lifeboat/udhcpd.pid\noption subnet %s\noption router %s\noption lease 120\n",
		from, to, s->machine->lan.device, mask, own);
	return lb_file_replace(DHCP_CONFIG, text, strlen(text), 0600);
}

static int run_dhcp(const struct lb_service *s)
{
	const char *const argv[] = {"udhcpd", "-f", DHCP_CONFIG, NULL};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (write_dhcp_config(s) < 0)
		return LB_EXIT_SYSTEM;
	if (null >= 0)
		(void)dup2(null, 2);
	return exec_program(argv);
}

static int run_page(const struct lb_service *s)
{
	lb_page_run(s->board, &s->machine->lan);
}

static bool nobody_can_log_in(const struct lb_board *board, const struct lb_login *login)
{
	return board->failsafe != LB_POLICY_OPEN && !login->password && !login->keys;
}

static void add(struct lb_services *s, const struct lb_service *service, const char *program)
{
	char path[LB_PATH_MAX];

	if (lb_program_find(program, path, sizeof(path)) < 0)
		log_err("%s is not part of this system: going on without it", service->name);
	else
		s->list[s->count++] = *service;
}

void lb_services_plan(struct lb_services *s, const struct lb_board *board,
		      const struct lb_machine *machine, const struct lb_login *login,
		      uint64_t now_ms)
{
	const bool open = board->failsafe == LB_POLICY_OPEN;
	const bool shut = nobody_can_log_in(board, login);
	const bool lan = machine->lan.device[0] != '\0';
	/* A password prompt is of no use to an owner who has only keys. */
	const bool shell = board->console_shell && (open || login->password);
	struct lb_service service = {
		.board = board, .machine = machine, .login = login, .start_ms = now_ms};

	*s = (struct lb_services){0};
	service.name = "SSH";
	service.run = run_ssh;
	if (lan && !shut)
		add(s, &service, "dropbear");
	service.name = "the DHCP server";
	service.run = run_dhcp;
	if (lan && board->dhcp_server)
		add(s, &service, "udhcpd");
	service.name = "the rescue page";
	service.run = run_page;
	if (lb_page_is_wanted(board, &machine->lan))
		s->list[s->count++] = service;
	service.name = "the console shell";
	service.run = run_console;
	for (size_t i = 0; shell && i < machine->consoles.count; i++) {
		service.console = i;
		add(s, &service, open ? "sh" : "login");
	}
}

static void start(struct lb_service *s, uint64_t now_ms)
{
	pid_t pid = lb_fork();

	if (pid == 0) {
		(void)setsid();
		lb_log_set_sink(NULL, NULL);
		_exit(s->run(s));
	}
	if (pid < 0) {
		log_warn("%s cannot be started: %s", s->name, strerror(errno));
		s->start_ms = now_ms + LB_RESTART_MS;
		return;
	}
	s->pid = pid;
}

uint64_t lb_services_start_due(struct lb_services *s, uint64_t now_ms)
{
	uint64_t next_ms = LB_NEVER;

	for (size_t i = 0; i < s->count; i++) {
		if (s->list[i].pid == 0 && s->list[i].start_ms <= now_ms)
			start(&s->list[i], now_ms);
		if (s->list[i].pid == 0 && s->list[i].start_ms < next_ms)
			next_ms = s->list[i].start_ms;
	}
	return next_ms;
}

void lb_services_ended(struct lb_services *s, pid_t pid, uint64_t now_ms)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->list[i].pid != pid)
			continue;
		s->list[i].pid = 0;
		s->list[i].start_ms = now_ms + LB_RESTART_MS;
	}
}

pid_t lb_services_ssh(const struct lb_services *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].run == run_ssh)
			return s->list[i].pid;
	return 0;
}

void lb_services_trim_log(void)
{
	struct stat st;

	if (stat(SSH_LOG, &st) == 0 && st.st_size > SSH_LOG_MAX_BYTES && truncate(SSH_LOG, 0) < 0)
		log_debug(SSH_LOG " cannot be cut: %s", strerror(errno));
}

/* lifeboat/gate/services.h - what runs for the person while the boot gate waits: SSH, a shell on
 * each console, a page for browsers, perhaps a DHCP server. Started and restarted by PID 1. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "lifeboat/gate/login.h"
#include "plat/linux/machine/machine.h"
#include "store/board.h"

#define LB_SERVICES_MAX (3 + LB_CONSOLES_MAX)
#define LB_RESTART_MS	1000 /* as OpenWrt's failsafe shell: one second between two shells */

struct lb_service {
	const char *name;
	int (*run)(const struct lb_service
			   *s); /* in the child; returns only when it failed, with an exit code */
	const struct lb_board *board;
	const struct lb_machine *machine;
	const struct lb_login *login;
	size_t console;	   /* for a console shell: which */
	pid_t pid;	   /* 0 = not running */
	uint64_t start_ms; /* when to start it (again) */
};

struct lb_services {
	struct lb_service list[LB_SERVICES_MAX];
	size_t count;
};

/* Choose what this board and this machine want; a program that the system lacks is said once and
 * left out. Pointers stay the caller's and must live as long.
 */
void lb_services_plan(struct lb_services *s, const struct lb_board *board,
		      const struct lb_machine *machine, const struct lb_login *login,
		      uint64_t now_ms);

/* Start what is due; the time of the next start. */
uint64_t lb_services_start_due(struct lb_services *s, uint64_t now_ms);

/* A child ended: if it was one of ours, it is started again in LB_RESTART_MS. */
void lb_services_ended(struct lb_services *s, pid_t pid, uint64_t now_ms);

/* The SSH server, which has a child for each session; 0 = there is none. */
pid_t lb_services_ssh(const struct lb_services *s);

/* Keep what the SSH server writes from filling the RAM: somebody who tries passwords all night must
 * not end the rescue. To be called now and then. */
void lb_services_trim_log(void);

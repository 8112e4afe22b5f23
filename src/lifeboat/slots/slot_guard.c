#include "lifeboat/slots/slot_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/record_io.h"
#include "lifeboat/slots/slots.h"
#include "lifeboat/slots/slots_running.h"
#include "lifeboat/slots/slots_uboot.h"
#include "lifeboat/status_file.h"
#include "plan/health.h"
#include "plat/linux/machine/beside.h"
#include "plat/linux/machine/health.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/machine/restart.h"
#include "plat/linux/storage/overlayfs.h"

#define RUN_LIMIT_MS 10000

struct guard {
	const struct lb_board *board;
	int slot;
	char lacks[LB_SENTENCE_MAX]; /* what the health check misses, "" = nothing */
};

static bool is_up(void)
{
	struct lb_status s;

	return lb_status_load(&s) == 0 && s.state == LB_STATE_RUNNING;
}

static bool has_service(const struct lb_health_service *s)
{
	switch (s->kind) {
	case LB_SERVICE_PID:
		return lb_health_pid(s->what);
	case LB_SERVICE_TCP:
		return lb_health_tcp(s->port);
	case LB_SERVICE_RUN:
		return lb_health_run(s->what, RUN_LIMIT_MS);
	}
	return false;
}

static bool has_link(const struct lb_board *b)
{
	for (size_t i = 0; i < b->health_link_count; i++)
		if (lb_health_link(b->health_links[i]))
			return true;
	return b->health_link_count == 0;
}

/* Cheap things first; the first thing that is missing is told. */
static bool is_healthy(const struct lb_board *b, char lacks[LB_SENTENCE_MAX])
{
	if (!is_up()) {
		(void)snprintf(lacks, LB_SENTENCE_MAX, "its system did not say that it is up");
		return false;
	}
	if (!has_link(b)) {
		(void)snprintf(lacks, LB_SENTENCE_MAX, "no port of health.link has a link");
		return false;
	}
	for (size_t i = 0; i < b->health_address_count; i++)
		if (!lb_health_address(b->health_addresses[i])) {
			(void)snprintf(lacks, LB_SENTENCE_MAX, "%s has no address",
				       b->health_addresses[i]);
			return false;
		}
	for (size_t i = 0; i < b->health_service_count; i++)
		if (!has_service(&b->health_services[i])) {
			if (b->health_services[i].kind == LB_SERVICE_TCP)
				(void)snprintf(lacks, LB_SENTENCE_MAX,
					       "nobody listens on TCP port %u",
					       b->health_services[i].port);
			else
				(void)snprintf(lacks, LB_SENTENCE_MAX, "%s is not there",
					       b->health_services[i].what);
			return false;
		}
	lacks[0] = '\0';
	return true;
}

struct change {
	const struct guard *g;
	enum lb_guard_deed deed;
	bool trying; /* it still is: the boot loader must go on counting */
};

static void apply(struct lb_slots_state *s, void *arg)
{
	struct change *c = arg;
	const int slot = c->g->slot;

	lb_slots_settle(s);
	if (c->deed == LB_GUARD_PROVED) {
		if (lb_slots_mark_good_in(s, slot) < 0)
			log_warn("slot %s is being written: it is not marked as good",
				 c->g->board->slots[slot].name);
	} else if (c->deed == LB_GUARD_LEAVE) {
		s->slot[slot].why = LB_SLOT_WHY_HEALTH;
	} else if (c->deed == LB_GUARD_REVERT &&
		   lb_slots_mark_bad_in(s, slot, LB_SLOT_WHY_UNCONFIRMED, false) < 0) {
		log_err("the other slot cannot be booted: staying with slot %s",
			c->g->board->slots[slot].name);
	}
	c->trying = s->slot[slot].state == LB_SLOT_TRYING;
}

/* mount_root done left this to us: one write of flash less in each boot. */
static void note_running(struct lb_record *r, void *arg)
{
	apply(&r->slots, arg);
	if (r->last_state == LB_STATE_BOOTING && is_up())
		r->last_state = LB_STATE_RUNNING;
}

static void store(const struct guard *g, enum lb_guard_deed deed)
{
	struct change c = {.g = g, .deed = deed};
	int rc = g->board->slot_store == LB_SLOT_STORE_RECORD
			 ? lb_record_change(g->board, note_running, &c)
			 : lb_slots_change(g->board, apply, &c);

	if (rc < 0)
		log_err("the state of the slots cannot be stored: it %s", lb_strerror(rc));
	if ((deed != LB_GUARD_PROVED && deed != LB_GUARD_SETTLE) || c.trying)
		return;
	rc = lb_boot_counters_clear(g->board);
	if (rc < 0)
		log_err("the boot loader's count of boots cannot be set back: it %s",
			lb_strerror(rc));
}

static void carry_out(const struct guard *g, enum lb_guard_deed deed)
{
	const char *name = g->board->slots[g->slot].name;

	switch (deed) {
	case LB_GUARD_SETTLE:
		store(g, deed);
		return;
	case LB_GUARD_PROVED:
		store(g, deed);
		log_info("slot %s is good: its system came up and passed the health check", name);
		return;
	case LB_GUARD_ASK:
		log_warn("slot %s is new: confirm it with 'lifeboat slot good' within %u minutes, "
			 "or the other slot is booted again",
			 name, g->board->slot_confirm_minutes);
		return;
	case LB_GUARD_LEAVE:
		log_err("slot %s is not healthy: %s; rebooting", name, g->lacks);
		store(g, deed);
		lb_restart(LB_OVERLAY_DIR);
	case LB_GUARD_REVERT:
		log_err("slot %s was not confirmed in time: going back to the other slot", name);
		store(g, deed);
		lb_restart(LB_OVERLAY_DIR);
	case LB_GUARD_WAIT:
	case LB_GUARD_END:
		return;
	}
}

static void look(struct guard *g, struct lb_guard_sense *sense)
{
	const struct plat_slots slots = lb_slots_store(g->board);
	struct lb_slots_state s;

	sense->now_ms = lb_monotonic_ms();
	if (slots.load(slots.ctx, &s) == 0) {
		sense->trying = s.slot[g->slot].state == LB_SLOT_TRYING;
		sense->unproved =
			s.slot[g->slot].state == LB_SLOT_BAD && s.reason == LB_SLOT_REASON_LAST;
	}
	sense->healthy = (sense->trying || sense->unproved) && is_healthy(g->board, g->lacks);
}

static _Noreturn void guard(struct guard *g)
{
	const struct lb_guard_rules rules = {
		.stable_ms = g->board->slot_stable_ms,
		.health_ms = g->board->health_ms,
		.confirm_ms = g->board->slot_confirm_minutes * 60000ull,
	};
	struct lb_guard state = {.began_ms = lb_monotonic_ms()};
	struct lb_guard_sense sense = {0};
	struct lb_guard_step step;

	do {
		look(g, &sense);
		step = lb_guard_next(&state, &rules, &sense);
		carry_out(g, step.deed);
		if (step.deed == LB_GUARD_WAIT && step.wake_ms > sense.now_ms) {
			const uint64_t ms = step.wake_ms - sense.now_ms;
			const struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
						       .tv_nsec = (long)(ms % 1000) * 1000000};

			(void)nanosleep(&pause, NULL);
		}
	} while (step.deed != LB_GUARD_END);
	_exit(0);
}

void lb_slot_guard_start(const struct lb_board *board)
{
	static struct guard g;
	pid_t pid;

	g = (struct guard){.board = board, .slot = lb_slots_running(board)};
	if (board->slot_count == 0 || g.slot < 0)
		return;
	pid = lb_fork();
	if (pid < 0)
		log_err("nobody watches over this boot: %s", strerror(errno));
	if (pid != 0)
		return;
	lb_beside("lifeboat-guard");
	guard(&g);
}

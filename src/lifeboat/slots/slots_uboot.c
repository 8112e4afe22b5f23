#include "lifeboat/slots/slots_uboot.h"

#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/record_io.h"
#include "lifeboat/slots/slots_running.h"
#include "plan/cmdline.h"
#include "plat/boot_counter.h"
#include "plat/linux/disk/block.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/bootenv.h"
#include "plat/linux/disk/flash.h"
#include "plat/linux/files/files.h"
#include "store/slots_env.h"

#define CMDLINE_MAX 4096
/* The loader's script adds them. */
#define CMDLINE_WORD   "lifeboat.slot"
#define CMDLINE_REASON "lifeboat.slot_reason"

static int word_of_cmdline(const char *word, char out[LB_SLOT_NAME_MAX])
{
	static char cmdline[CMDLINE_MAX];

	if (lb_file_read("/proc/cmdline", cmdline, sizeof(cmdline)) < 0)
		return LB_E(NOENT);
	return lb_cmdline_get(cmdline, word, out, LB_SLOT_NAME_MAX);
}

/* The slot of this boot as the loader's script names it, or -1. */
static int chosen_on_cmdline(const struct lb_board *board)
{
	char name[LB_SLOT_NAME_MAX];

	if (word_of_cmdline(CMDLINE_WORD, name) < 0)
		return -1;
	for (size_t i = 0; i < board->slot_count; i++)
		if (strcmp(board->slots[i].name, name) == 0)
			return (int)i;
	log_warn(CMDLINE_WORD "=%s on the kernel command line names no slot of the board file",
		 name);
	return -1;
}

/* Why it has left the other one in this boot: our words for a toggle and for a slot that did not
 * come up. */
static enum lb_slot_reason reason_on_cmdline(void)
{
	static const enum lb_slot_reason of_loader[] = {LB_SLOT_REASON_TOGGLE,
							LB_SLOT_REASON_TRIES};
	char name[LB_SLOT_NAME_MAX];

	if (word_of_cmdline(CMDLINE_REASON, name) > 0)
		for (size_t i = 0; i < sizeof(of_loader) / sizeof(of_loader[0]); i++)
			if (strcmp(name, lb_slot_reason_name(of_loader[i])) == 0)
				return of_loader[i];
	return LB_SLOT_REASON_NONE;
}

static int open_env(const struct lb_board *board, struct lb_bootenv *opened,
		    struct lb_slots_env *out)
{
	const int chosen = chosen_on_cmdline(board);

	*out = (struct lb_slots_env){
		.scheme = board->slot_scheme,
		.rules = {.tries = board->slot_tries, .toggle = board->slot_toggle},
		.entered = chosen >= 0 ? chosen : lb_slots_running(board),
	};
	return lb_bootenv_open(opened, &out->env, board->slot_env, board->slot_env_count);
}

static int load(void *ctx, struct lb_slots_state *out)
{
	CLEANUP(lb_bootenv_closep) struct lb_bootenv opened = LB_BOOTENV_CLOSED;
	struct lb_slots_env env;
	const enum lb_slot_reason reason = reason_on_cmdline();
	const int chosen = chosen_on_cmdline(ctx);
	int rc = open_env(ctx, &opened, &env);

	if (rc == 0)
		rc = lb_slots_env_load(&env, out);
	/* Where its choice could not be entered, the gate has a reason of its own. */
	if (rc == 0 && reason != LB_SLOT_REASON_NONE && chosen >= 0 &&
	    chosen == lb_slots_running(ctx))
		out->reason = (uint8_t)reason;
	return rc;
}

/* The overlay that the record speaks of is that of the slot that runs. */
static void own_overlay(struct lb_record *r, void *slot)
{
	lb_record_enter_slot(r, *(const unsigned *)slot);
}

static void tell_record(const struct lb_board *board, unsigned slot)
{
	static struct lb_record record;

	/* A board without a record has nothing to be told, and no write where none is needed. */
	if (lb_record_read(board, &record) == 0 && record.owner_slot != slot &&
	    lb_record_change(board, own_overlay, &slot) < 0)
		log_warn("the recovery record could not be told which slot was entered");
}

static int change(void *ctx, void (*edit)(struct lb_slots_state *s, void *arg), void *arg)
{
	CLEANUP(lb_bootenv_closep) struct lb_bootenv opened = LB_BOOTENV_CLOSED;
	struct lb_slots_state after;
	struct lb_slots_env env;
	int rc = open_env(ctx, &opened, &env);

	if (rc == 0)
		rc = lb_slots_env_change(&env, edit, arg, &after);
	if (rc == 0)
		tell_record(ctx, after.entered);
	return rc;
}

struct plat_slots lb_slots_uboot(const struct lb_board *board)
{
	return (struct plat_slots){
		.ctx = (void *)board,
		.load = load,
		.change = change,
		.loader_chooses = true,
		.chosen = chosen_on_cmdline(board),
		.reason = reason_on_cmdline(),
	};
}

/* Not those of our own script: it stops counting when the state says good. */
static int clear_env(const struct lb_board *board)
{
	CLEANUP(lb_bootenv_closep) struct lb_bootenv opened = LB_BOOTENV_CLOSED;
	struct lb_slots_env env;
	int rc = open_env(board, &opened, &env);

	return rc < 0 ? rc : lb_slots_env_good(&env.env);
}

static int open_counter(const struct lb_board *board, struct lb_flash_fd *flash,
			struct plat_mtd *mtd, int flags)
{
	char path[LB_PATH_MAX];
	int rc = lb_blockdev_find_raw(board->boot_counter, path, &lb_blockdev_roots);

	return rc < 0 ? rc : lb_flash_open_mtd(flash, mtd, path, flags);
}

int lb_boot_counter_of(const struct lb_board *board, uint32_t *out)
{
	CLEANUP(lb_flash_closep) struct lb_flash_fd flash = LB_FLASH_CLOSED;
	struct plat_mtd mtd;
	int rc = board->boot_counter[0] ? open_counter(board, &flash, &mtd, O_RDONLY) : LB_E(NOENT);

	return rc < 0 ? rc : lb_boot_counter_read(out, &mtd);
}

/* The guard keeps everybody out of such a partition. This is the one write that it takes, because
 * the board file asks for it by name, and only if what lies there is a counter. */
static int clear_partition(const struct lb_board *board)
{
	CLEANUP(lb_flash_closep) struct lb_flash_fd flash = LB_FLASH_CLOSED;
	struct plat_mtd mtd;
	int rc = open_counter(board, &flash, &mtd, O_RDWR);

	if (rc == 0)
		rc = lb_block_lock(flash.fd);
	return rc < 0 ? rc : lb_boot_counter_clear(&mtd);
}

int lb_boot_counters_clear(const struct lb_board *board)
{
	const bool others_count = board->slot_store == LB_SLOT_STORE_UBOOT_ENV &&
				  board->slot_scheme != LB_BOOTENV_LIFEBOAT;
	int env_rc = others_count ? clear_env(board) : 0;
	int flash_rc = board->boot_counter[0] ? clear_partition(board) : 0;

	return env_rc < 0 ? env_rc : flash_rc;
}

#include "lifeboat/board_machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lifeboat/name_list.h"
#include "plan/place.h"
#include "plat/linux/files/files.h"
#include "store/board_say.h"

#define KEY_BITMAP_MAX 1024 /* 768 bits in hexadecimal words with blanks between */
#define WORD_BITS      (8 * sizeof(unsigned long))

struct check {
	const struct lb_board *board;
	const struct lb_board_lines *lines;
	const char *sysroot;
	lb_finding *found;
	void *ctx;
	unsigned count;
};

PRINTF_LIKE(3, 4) static void tell(struct check *c, unsigned line, const char *fmt, ...)
{
	char sentence[LB_SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	c->found(c->ctx, line, sentence);
	c->count++;
}

static struct lb_shown path_of(enum lb_board_key_id id)
{
	return lb_board_key_path(&lb_board_keys[id]);
}

static int in_sysroot(const struct check *c, char out[LB_PATH_MAX * 2], const char *path)
{
	int n = snprintf(out, LB_PATH_MAX * 2, "%s%s", c->sysroot, path);

	return n < 0 || n >= LB_PATH_MAX * 2 ? LB_E(NOSPC) : 0;
}

/* stat() as a process whose root is the sysroot would see it: absolute links stay inside. */
static int stat_in_sysroot(const struct check *c, const char *path, struct stat *st)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	CLEANUP(lb_fd_closep) int root = -1;
	CLEANUP(lb_fd_closep) int fd = -1;

	if (!c->sysroot[0])
		return stat(path, st) < 0 ? lb_err_from_errno(errno) : 0;
	root = open(c->sysroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0 || fstat(fd, st) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

static void list_dir(const struct check *c, const char *path, const char *prefix,
		     struct lb_names *out)
{
	char full[LB_PATH_MAX * 2];
	CLEANUP(lb_dir_closep) DIR *dir = NULL;
	const struct dirent *entry;

	out->count = 0;
	if (in_sysroot(c, full, path) < 0)
		return;
	dir = opendir(full);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			lb_names_add(out, entry->d_name);
}

static void check_leds(struct check *c)
{
	struct lb_names leds, told = {0};
	char has[LB_SENTENCE_MAX / 2];

	list_dir(c, "/sys/class/leds", "", &leds);
	for (int role = 0; role < LB_ROLE_COUNT; role++) {
		const char *name = c->board->leds[role];
		int id = lb_board_key_find("led", lb_led_role_name((unsigned)role));

		if (!name[0] || id < 0 || lb_names_have(&leds, name) || lb_names_have(&told, name))
			continue;
		lb_names_add(&told, name); /* one LED in three roles is one thing to mend */
		lb_names_tell(&leds, name, has, sizeof(has));
		tell(c, c->lines->key[id], "led.%s: this machine has no LED \"%s\"; %s",
		     lb_led_role_name((unsigned)role), lb_board_show(name).text, has);
	}
	for (size_t i = 0; i < c->board->held_led_count; i++) {
		const char *name = c->board->held_leds[i];

		if (lb_names_have(&leds, name))
			continue;
		lb_names_tell(&leds, name, has, sizeof(has));
		tell(c, c->lines->key[LB_BOARD_LED_HELD], "%s: this machine has no LED \"%s\"; %s",
		     path_of(LB_BOARD_LED_HELD).text, lb_board_show(name).text, has);
	}
}

static void check_ports(struct check *c, enum lb_board_key_id id,
			const char (*ports)[LB_IFNAME_MAX], size_t count)
{
	struct lb_names have;
	char has[LB_SENTENCE_MAX / 2];

	list_dir(c, "/sys/class/net", "", &have);
	for (size_t i = 0; i < count; i++) {
		if (lb_names_have(&have, ports[i]))
			continue;
		lb_names_tell(&have, ports[i], has, sizeof(has));
		tell(c, c->lines->key[id], "%s: this machine has no network port \"%s\"; %s",
		     path_of(id).text, ports[i], has);
	}
}

/* The attribute of an event device; "" when it cannot be read. */
static void read_input(const struct check *c, const char *event, const char *attribute, char *out,
		       size_t size)
{
	char path[LB_PATH_MAX], full[LB_PATH_MAX * 2];

	out[0] = '\0';
	(void)snprintf(path, sizeof(path), "/sys/class/input/%s/device/%s", event, attribute);
	if (in_sysroot(c, full, path) == 0 && lb_file_read(full, out, size) < 0)
		out[0] = '\0';
}

/* The kernel prints the bitmap as words of its own width, the highest first. */
static bool bitmap_has(const char *bitmap, unsigned bit)
{
	const char *word = bitmap + strlen(bitmap);

	for (unsigned left = bit / WORD_BITS; left > 0; left--) {
		while (word > bitmap && word[-1] != ' ')
			word--;
		if (word == bitmap)
			return false;
		word--;
	}
	while (word > bitmap && word[-1] != ' ')
		word--;
	return strtoul(word, NULL, 16) >> bit % WORD_BITS & 1;
}

static void add_keys(const char *bitmap, struct lb_names *out)
{
	for (unsigned code = 1; code <= (unsigned)lb_board_keys[LB_BOARD_BUTTON_KEY].most; code++) {
		char number[16];

		(void)snprintf(number, sizeof(number), "%u", code);
		if (bitmap_has(bitmap, code))
			lb_names_add(out, lb_key_name(code) ? lb_key_name(code) : number);
	}
}

static void check_button(struct check *c, size_t i, bool held)
{
	const struct lb_button *b = &c->board->buttons[i];
	const char *key = lb_key_name(b->code) ? lb_key_name(b->code) : "that";
	struct lb_names events, inputs = {0}, keys = {0};
	unsigned line = c->lines->button[i];
	char has[LB_SENTENCE_MAX / 2];
	bool has_key = false;

	list_dir(c, "/sys/class/input", "event", &events);
	for (size_t e = 0; e < events.count; e++) {
		char name[LB_PATH_MAX], bitmap[KEY_BITMAP_MAX];

		read_input(c, events.name[e], "name", name, sizeof(name));
		read_input(c, events.name[e], "capabilities/key", bitmap, sizeof(bitmap));
		lb_names_add(&inputs, name);
		if (b->input[0] && strcmp(b->input, name) != 0)
			continue;
		has_key = has_key || bitmap_has(bitmap, b->code);
		add_keys(bitmap, &keys);
	}
	if (b->input[0] && !lb_names_have(&inputs, b->input)) {
		lb_names_tell(&inputs, b->input, has, sizeof(has));
		tell(c, line, "button \"%s\": this machine has no input device \"%s\"; %s", b->name,
		     lb_board_show(b->input).text, has);
	} else if (!has_key) {
		lb_names_tell(&keys, key, has, sizeof(has));
		tell(c, line, "button \"%s\": %s has no key %s (%u); %s", b->name,
		     b->input[0] ? lb_board_show(b->input).text : "this machine", key, b->code,
		     has);
	} else if (held) {
		tell(c, line,
		     "button \"%s\" reads as pressed right now: let go of it, or mend its polarity in the device tree",
		     b->name);
	}
}

/* The value of one line KEY=value of a block device's uevent file; "" when there is none. */
static void read_uevent(const struct check *c, const char *device, const char *key, char *out,
			size_t size)
{
	char path[LB_PATH_MAX], full[LB_PATH_MAX * 2], text[2048];
	size_t len = strlen(key);

	out[0] = '\0';
	(void)snprintf(path, sizeof(path), "/sys/class/block/%s/uevent", device);
	if (in_sysroot(c, full, path) < 0 || lb_file_read(full, text, sizeof(text)) < 0)
		return;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		if (strncmp(line, key, len) == 0 && line[len] == '=')
			(void)snprintf(out, size, "%s", line + len + 1);
}

static void list_partitions(const struct check *c, const char *key, struct lb_names *out)
{
	struct lb_names devices;

	list_dir(c, "/sys/class/block", "", &devices);
	out->count = 0;
	for (size_t i = 0; i < devices.count; i++) {
		char value[LB_NAME_MAX];

		read_uevent(c, devices.name[i], key, value, sizeof(value));
		lb_names_add(out, value);
	}
}

static void check_label(struct check *c, enum lb_board_key_id id, const char *label)
{
	struct lb_names labels;
	char has[LB_SENTENCE_MAX / 2];

	list_partitions(c, "PARTNAME", &labels);
	if (lb_names_have(&labels, label))
		return;
	lb_names_tell(&labels, label, has, sizeof(has));
	tell(c, c->lines->key[id], "%s: this machine has no partition with the label \"%s\"; %s",
	     path_of(id).text, lb_board_show(label).text, has);
}

/* Kernels before 6.9 do not tell the PARTUUID: where nothing can be known nothing is said. */
static void check_uuid(struct check *c, enum lb_board_key_id id, const char *uuid)
{
	struct lb_names from_kernel, from_udev;
	char has[LB_SENTENCE_MAX / 2];

	list_partitions(c, "PARTUUID", &from_kernel);
	list_dir(c, "/dev/disk/by-partuuid", "", &from_udev);
	for (size_t i = 0; i < from_udev.count; i++)
		lb_names_add(&from_kernel, from_udev.name[i]);
	for (size_t i = 0; i < from_kernel.count; i++)
		if (strcasecmp(from_kernel.name[i], uuid) == 0)
			return;
	if (from_kernel.count == 0)
		return;
	lb_names_tell(&from_kernel, uuid, has, sizeof(has));
	tell(c, c->lines->key[id], "%s: this machine has no partition with the UUID \"%s\"; %s",
	     path_of(id).text, lb_board_show(uuid).text, has);
}

/* MTD partitions and UBI volumes: folders with a file "name". `what` is what one of them is called.
 */
static void check_flash(struct check *c, enum lb_board_key_id id, const char *class_dir,
			const char *what, const char *wanted)
{
	struct lb_names entries, names = {0};
	char has[LB_SENTENCE_MAX / 2];

	list_dir(c, class_dir, "", &entries);
	for (size_t i = 0; i < entries.count; i++) {
		char path[LB_PATH_MAX], full[LB_PATH_MAX * 2], name[LB_NAME_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s/name", class_dir, entries.name[i]);
		if (in_sysroot(c, full, path) == 0 && lb_file_read(full, name, sizeof(name)) >= 0)
			lb_names_add(&names, name);
	}
	if (lb_names_have(&names, wanted))
		return;
	lb_names_tell(&names, wanted, has, sizeof(has));
	tell(c, c->lines->key[id], "%s: this machine has no %s \"%s\"; %s", path_of(id).text, what,
	     lb_board_show(wanted).text, has);
}

static void check_device(struct check *c, enum lb_board_key_id id, const char *path)
{
	struct stat st;

	if (path[0] && stat_in_sysroot(c, path, &st) < 0)
		tell(c, c->lines->key[id], "%s: this machine has no device %s", path_of(id).text,
		     lb_board_show(path).text);
}

static void check_storage(struct check *c, enum lb_board_key_id id, const char *spec)
{
	if (strncmp(spec, "PARTLABEL=", 10) == 0)
		check_label(c, id, spec + 10);
	else if (strncmp(spec, "PARTUUID=", 9) == 0)
		check_uuid(c, id, spec + 9);
	else if (strncmp(spec, "MTD=", 4) == 0)
		check_flash(c, id, "/sys/class/mtd", "flash partition", spec + 4);
	else if (strncmp(spec, "UBI=", 4) == 0)
		check_flash(c, id, "/sys/class/ubi", "UBI volume", spec + 4);
	else
		check_device(c, id, spec);
}

static void check_slots(struct check *c)
{
	const struct lb_board_lines *all = c->lines;
	struct lb_board_lines of_slot = *all;

	c->lines = &of_slot;
	for (size_t i = 0; i < c->board->slot_count; i++) {
		of_slot.key[LB_BOARD_SLOT_ROOT] = all->slot[i];
		check_storage(c, LB_BOARD_SLOT_ROOT, c->board->slots[i].root);
		of_slot.key[LB_BOARD_SLOT_KERNEL] = all->slot[i];
		if (c->board->slots[i].kernel[0])
			check_storage(c, LB_BOARD_SLOT_KERNEL, c->board->slots[i].kernel);
	}
	c->lines = all;
}

static void check_init(struct check *c)
{
	const char *init = c->board->init;
	struct stat st;

	if (stat_in_sysroot(c, init, &st) < 0)
		tell(c, c->lines->key[LB_BOARD_INIT], "system.init: this machine has no %s",
		     lb_board_show(init).text);
	else if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		tell(c, c->lines->key[LB_BOARD_INIT],
		     "system.init: %s is there, but it is no program: chmod +x it",
		     lb_board_show(init).text);
}

unsigned lb_board_compare(const struct lb_board *board, const struct lb_board_lines *lines,
			  const char *sysroot, unsigned held, lb_finding *found, void *ctx)
{
	struct check c = {
		.board = board, .lines = lines, .sysroot = sysroot, .found = found, .ctx = ctx};
	char place[LB_PATH_MAX];

	for (size_t i = 0; i < board->button_count; i++)
		check_button(&c, i, held >> i & 1);
	check_leds(&c);
	check_ports(&c, LB_BOARD_LAN_PORTS, board->lan_ports, board->lan_port_count);
	check_ports(&c, LB_BOARD_WAN_PORTS, board->wan_ports, board->wan_port_count);
	if (board->slot_count == 0 || lines->key[LB_BOARD_ROOT])
		check_storage(&c, LB_BOARD_ROOT, board->root);
	if (board->kernel[0])
		check_storage(&c, LB_BOARD_KERNEL, board->kernel);
	check_slots(&c);
	(void)lb_place_split(board->record, place);
	if (place[0])
		check_storage(&c, LB_BOARD_RECORD, place);
	(void)lb_place_split(board->factory_image, place);
	if (place[0])
		check_storage(&c, LB_BOARD_FACTORY_IMAGE, place);
	check_device(&c, LB_BOARD_WATCHDOG, board->watchdog);
	check_init(&c);
	return c.count;
}

#include "store/board_parse.h"

#include <confuse.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/near.h"
#include "store/board_card.h"
#include "store/board_internet.h"
#include "store/board_menu.h"
#include "store/board_say.h"
#include "store/board_text.h"
#include "store/board_value.h"

#define SECTIONS_MAX	 20
#define SECTION_KEYS_MAX 10
#define PATH_SHOWN_MAX	 96 /* of a longer path the end: the sentence must fit as well */

struct loader {
	struct lb_board draft;
	struct lb_board_named named; /* of the section that is being read */
	struct lb_board_lines lines;
	const char *path;
	char *why;
	bool failed;
};

/* libConfuse hands no context to its callbacks, and its lexer is global anyway. */
static struct loader *loading;

static void place(char why[LB_SENTENCE_MAX], const char *path, unsigned line, const char *sentence)
{
	size_t len = strlen(path);
	int n;

	if (len > PATH_SHOWN_MAX)
		path += len - PATH_SHOWN_MAX;
	n = snprintf(why, LB_SENTENCE_MAX, "%s:%u: ", path, line);
	(void)snprintf(why + n, LB_SENTENCE_MAX - (size_t)n, "%s", sentence);
}

PRINTF_LIKE(2, 3) static int refuse(unsigned line, const char *fmt, ...)
{
	char sentence[LB_SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	place(loading->why, loading->path, line, sentence);
	loading->failed = true;
	return -1;
}

static const char *section_of(const cfg_t *cfg)
{
	return strcmp(cfg->name, "root") == 0 ? "" : cfg->name;
}

/* What may be written in a section: its keys; outside of sections the names of the sections too. */
static const char *word_of_row(const char *section, size_t row)
{
	const struct lb_board_key *key = &lb_board_keys[row];

	if (strcmp(key->section, section) == 0)
		return key->name;
	return section[0] ? NULL : key->section;
}

static const char *nearest_word(const char *section, const char *typed)
{
	const char *best = NULL;

	for (size_t i = 0; i < LB_BOARD_KEY_COUNT; i++) {
		const char *word = word_of_row(section, i);

		if (word && lb_is_near(typed, word) &&
		    (!best || lb_edit_distance(typed, word) < lb_edit_distance(typed, best)))
			best = word;
	}
	return best;
}

static const struct lb_board_key *same_key_elsewhere(const char *typed)
{
	for (size_t i = 0; i < LB_BOARD_KEY_COUNT; i++)
		if (strcmp(lb_board_keys[i].name, typed) == 0)
			return &lb_board_keys[i];
	return NULL;
}

static void list_words(const char *section, char *out, size_t size)
{
	const char *last = "";
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < LB_BOARD_KEY_COUNT; i++) {
		const char *word = word_of_row(section, i);
		int n;

		if (!word || strcmp(word, last) == 0)
			continue;
		n = snprintf(out + used, size - used, "%s%s", used ? ", " : "", word);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
		last = word;
	}
}

static void refuse_unknown(const cfg_t *cfg, const char *typed)
{
	const char *section = section_of(cfg);
	const char *in = section[0] ? " in " : "";
	const char *near = nearest_word(section, typed);
	const struct lb_board_key *elsewhere = same_key_elsewhere(typed);
	struct lb_shown shown = lb_board_show(typed);
	char words[200];

	if (elsewhere && elsewhere->section[0])
		(void)refuse((unsigned)cfg->line,
			     "unknown key '%s'%s%s; it belongs into %s { ... }", shown.text, in,
			     section, elsewhere->section);
	else if (elsewhere)
		(void)refuse((unsigned)cfg->line,
			     "unknown key '%s'%s%s; it belongs outside of the sections", shown.text,
			     in, section);
	else if (near)
		(void)refuse((unsigned)cfg->line, "unknown key '%s'%s%s; did you mean '%s'?",
			     shown.text, in, section, near);
	else {
		list_words(section, words, sizeof(words));
		(void)refuse((unsigned)cfg->line, "unknown key '%s'%s%s; there may be: %s",
			     shown.text, in, section, words);
	}
}

/* libConfuse's messages in words for a person who never heard of it. */
static const struct {
	const char *theirs, *before, *after;
} messages[] = {
	{"unexpected token '%s'", "'",
	 "' cannot stand here: write  key = value,  key = {\"a\", \"b\"}  or  name { ... }"},
	{"missing equal sign after option '%s'", "there is no '=' after '",
	 "': write  key = value"},
	{"missing opening brace for section '%s'", "there is no '{' after '",
	 "': a section is written  name { ... }"},
	{"missing title for section '%s'", "this ",
	 " has no name: write it before the brace, as in  button \"reset\" { ... }"},
	{"found duplicate title '%s'", "the name \"",
	 "\" is taken already: give this one another name"},
};

static void on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	if (strcmp(fmt, "no such option '%s'") == 0) {
		refuse_unknown(cfg, va_arg(args, const char *));
		return;
	}
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (strcmp(fmt, messages[i].theirs) != 0)
			continue;
		(void)refuse((unsigned)cfg->line, "%s%s%s", messages[i].before,
			     lb_board_show(va_arg(args, const char *)).text, messages[i].after);
		return;
	}
	(void)refuse((unsigned)cfg->line,
		     "the file ends, or a setting does, before it is complete: write  key = value");
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	int id = lb_board_key_find(section_of(cfg), opt->name);
	unsigned line = (unsigned)cfg->line;
	char sentence[LB_SENTENCE_MAX];

	if (id < 0)
		return refuse(line, "unknown key '%s'", opt->name);
	/* The first value of an assignment; the others of a list have a higher count. */
	if (opt->nvalues <= 1 && loading->lines.key[id])
		return refuse(line, "%s was set in line %u already: take one of them out",
			      lb_board_key_path(&lb_board_keys[id]).text, loading->lines.key[id]);
	if (lb_board_set(&loading->draft, &loading->named, (enum lb_board_key_id)id, value,
			 sentence) < 0)
		return refuse(line, "%s", sentence);
	if (opt->nvalues <= 1)
		loading->lines.key[id] = line;
	*(const char **)result = value;
	return 0;
}

static int check_title(unsigned line, const char *kind, const char *name, size_t size)
{
	if (!name[0] || strlen(name) >= size)
		return refuse(line,
			      "the name of a %s must have 1 to %zu bytes: %s \"NAME\" { ... }",
			      kind, size - 1, kind);
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return refuse(
				line,
				"the name of a %s must be letters, digits and . _ -, not \"%s\"",
				kind, lb_board_show(name).text);
	return 0;
}

static bool same_key(const struct lb_button *a, const struct lb_button *b)
{
	return a->code == b->code &&
	       (!a->input[0] || !b->input[0] || strcmp(a->input, b->input) == 0);
}

static bool of_button(const struct lb_board_key *key)
{
	return strcmp(key->section, "button") == 0;
}

/* What the section did not say follows from the key. */
static void fill_button(struct lb_button *b)
{
	struct lb_button preset = {.code = b->code};

	lb_board_button_defaults(&preset, loading->draft.profile);
	for (size_t i = 0; i < LB_BOARD_KEY_COUNT; i++) {
		const struct lb_board_key *key = &lb_board_keys[i];

		if (of_button(key) && !loading->lines.key[i])
			memcpy((char *)b + key->off_bytes, (char *)&preset + key->off_bytes,
			       key->size_bytes);
	}
}

static unsigned line_of(enum lb_board_key_id id, unsigned otherwise)
{
	return loading->lines.key[id] ? loading->lines.key[id] : otherwise;
}

/* The times of a hold must follow each other, or some of them mean nothing. */
static int check_hold(unsigned line, const struct lb_button *b)
{
	struct lb_shown name = lb_board_show(b->name);

	if (b->short_ms >= b->long_ms)
		return refuse(
			line_of(LB_BOARD_BUTTON_SHORT_MS, line_of(LB_BOARD_BUTTON_LONG_MS, line)),
			"button \"%s\" has short_ms %u and long_ms %u: make short_ms the smaller "
			"one",
			name.text, b->short_ms, b->long_ms);
	if (b->cancel_ms && b->cancel_ms <= b->long_ms)
		return refuse(
			line_of(LB_BOARD_BUTTON_CANCEL, line_of(LB_BOARD_BUTTON_LONG_MS, line)),
			"button \"%s\" has cancel_ms %u and long_ms %u: make cancel_ms the larger "
			"one, or 0 for no limit",
			name.text, b->cancel_ms, b->long_ms);
	return 0;
}

static int add_button(unsigned line)
{
	struct lb_board *board = &loading->draft;
	struct lb_button *b = &loading->named.button;
	unsigned key_line = loading->lines.key[LB_BOARD_BUTTON_KEY];

	if (!key_line)
		return refuse(line,
			      "button \"%s\" has no key: add a line such as  key = \"KEY_RESTART\"",
			      lb_board_show(b->name).text);
	for (size_t i = 0; i < board->button_count; i++)
		if (same_key(&board->buttons[i], b))
			return refuse(
				key_line,
				"button \"%s\" has the same key as button \"%s\": give it its own",
				lb_board_show(b->name).text,
				lb_board_show(board->buttons[i].name).text);
	if (board->button_count == LB_BUTTONS_MAX)
		return refuse(
			line,
			"there are more than %d buttons: keep the ones that a person can reach",
			LB_BUTTONS_MAX);
	fill_button(b);
	if (check_hold(line, b) < 0)
		return -1;
	loading->lines.button[board->button_count] = key_line;
	board->buttons[board->button_count++] = *b;
	return 0;
}

static void forget_lines(const char *section)
{
	for (size_t i = 0; i < LB_BOARD_KEY_COUNT; i++)
		if (strcmp(lb_board_keys[i].section, section) == 0)
			loading->lines.key[i] = 0;
}

static const char *last_title(cfg_opt_t *opt)
{
	return cfg_title(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));
}

/* A button's section was closed. */
static int on_button(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *name = last_title(opt);
	unsigned line = (unsigned)cfg->line;

	if (check_title(line, "button", name, LB_NAME_MAX) < 0)
		return -1;
	memcpy(loading->named.button.name, name, strlen(name) + 1);
	if (add_button(line) < 0)
		return -1;
	loading->named.button = (struct lb_button){0};
	forget_lines("button");
	return 0;
}

/* An update of one slot must leave the other one alone. */
static int check_slot_places(const char *name)
{
	const struct lb_board *board = &loading->draft;
	const struct lb_slot_place *s = &loading->named.slot;
	const unsigned *line = loading->lines.key;

	if (s->kernel[0] && strcmp(s->kernel, s->root) == 0)
		return refuse(line[LB_BOARD_SLOT_KERNEL],
			      "slot \"%s\" has its kernel where its root is: give it its own place",
			      lb_board_show(name).text);
	for (size_t i = 0; i < board->slot_count; i++) {
		const struct lb_slot_place *other = &board->slots[i];

		if (strcmp(other->root, s->root) == 0)
			return refuse(
				line[LB_BOARD_SLOT_ROOT],
				"slot \"%s\" has the same root as slot \"%s\": give it its own",
				lb_board_show(name).text, other->name);
		if (s->kernel[0] &&
		    (strcmp(s->kernel, other->kernel) == 0 || strcmp(s->kernel, other->root) == 0))
			return refuse(line[LB_BOARD_SLOT_KERNEL],
				      "slot \"%s\" has its kernel in a place of slot \"%s\": give "
				      "it its own",
				      lb_board_show(name).text, other->name);
		if (other->kernel[0] && strcmp(s->root, other->kernel) == 0)
			return refuse(line[LB_BOARD_SLOT_ROOT],
				      "slot \"%s\" has its root in a place of slot \"%s\": give it "
				      "its own",
				      lb_board_show(name).text, other->name);
	}
	return 0;
}

/* A slot's section was closed. */
static int on_slot(cfg_t *cfg, cfg_opt_t *opt)
{
	struct lb_board *board = &loading->draft;
	struct lb_slot_place *s = &loading->named.slot;
	const char *name = last_title(opt);
	unsigned line = (unsigned)cfg->line, root_line = loading->lines.key[LB_BOARD_SLOT_ROOT];

	if (check_title(line, "slot", name, LB_SLOT_NAME_MAX) < 0)
		return -1;
	if (!root_line)
		return refuse(
			line,
			"slot \"%s\" has no root: add a line such as  root = \"PARTLABEL=rootfs_a\"",
			lb_board_show(name).text);
	if (board->slot_count == LB_SLOTS_MAX)
		return refuse(line, "there are more than %d slots: take one of them out",
			      LB_SLOTS_MAX);
	if (check_slot_places(name) < 0)
		return -1;
	memcpy(s->name, name, strlen(name) + 1);
	loading->lines.slot[board->slot_count] = root_line;
	board->slots[board->slot_count++] = *s;
	loading->named.slot = (struct lb_slot_place){0};
	forget_lines("slot");
	return 0;
}

/* What only the whole file shows. */
static int check_whole(void)
{
	const struct lb_board *b = &loading->draft;
	const char *wrong;

	if (!lb_board_starts_in_menu(b))
		return refuse(line_of(LB_BOARD_MENU_START, loading->lines.key[LB_BOARD_MENU_MODES]),
			      "menu.start is \"%s\", which menu.modes does not list: set it to one "
			      "that is there",
			      lb_mode_name(b->menu_start));
	if (lb_board_held_led_is_boot(b))
		return refuse(loading->lines.key[LB_BOARD_LED_HELD],
			      "led.held lists \"%s\", which led.boot is too: that one is dark "
			      "then, take it out",
			      lb_board_show(b->leds[LB_ROLE_BOOT]).text);
	if (lb_board_lacks_url(b))
		return refuse(loading->lines.key[LB_BOARD_MENU_MODES],
			      "menu.modes lists \"internet\", and internet.url is not set: say "
			      "where the medkit lies, or take the mode out");
	wrong = lb_board_card_wrong(b);
	if (wrong)
		return refuse(
			line_of(LB_BOARD_CARD_PARTS, loading->lines.key[LB_BOARD_CARD_DEVICE]),
			"%s", wrong);
	if (b->slot_count == 1)
		return refuse(loading->lines.slot[0],
			      "there is one slot only: add the other one, or write its place as "
			      "storage.root");
	if (b->slot_count && !b->record[0])
		return refuse(loading->lines.slot[0],
			      "slots need a place that remembers them: set storage.record");
	return 0;
}

struct schema {
	cfg_opt_t top[SECTIONS_MAX + SECTION_KEYS_MAX];
	cfg_opt_t sub[SECTIONS_MAX][SECTION_KEYS_MAX];
};

static cfg_opt_t key_option(const struct lb_board_key *key)
{
	bool is_list = key->kind == LB_KIND_LAN_PORT || key->kind == LB_KIND_WAN_PORT ||
		       key->kind == LB_KIND_IMAGE_NAME || key->kind == LB_KIND_VOLUME ||
		       key->kind == LB_KIND_HEALTH_PORT || key->kind == LB_KIND_SERVICE ||
		       key->kind == LB_KIND_ENV_PLACE || key->kind == LB_KIND_CARD_PART ||
		       key->kind == LB_KIND_MODES || key->kind == LB_KIND_NAME_SERVER ||
		       key->kind == LB_KIND_HELD_LED;
	cfg_opt_t one = CFG_STR_CB(key->name, NULL, CFGF_NODEFAULT, on_value);
	cfg_opt_t list = CFG_STR_LIST_CB(key->name, NULL, CFGF_NODEFAULT, on_value);

	return is_list ? list : one;
}

static cfg_opt_t section_option(const char *name, cfg_opt_t *keys)
{
	bool titled = strcmp(name, "button") == 0 || strcmp(name, "slot") == 0;
	cfg_opt_t option = CFG_SEC(
		name, keys, titled ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES : CFGF_NONE);

	return option;
}

/* tables/board.def in libConfuse's form; cfg_init() copies it. */
static void fill_schema(struct schema *s)
{
	const char *section = "";
	size_t tops = 0, sections = 0, keys = 0;

	memset(s, 0, sizeof(*s)); /* an option without a name ends an array */
	for (size_t i = 0; i < LB_BOARD_KEY_COUNT; i++) {
		const struct lb_board_key *key = &lb_board_keys[i];

		if (!key->section[0]) {
			s->top[tops++] = key_option(key);
			continue;
		}
		if (strcmp(key->section, section) != 0) {
			section = key->section;
			keys = 0;
			s->top[tops++] = section_option(section, s->sub[sections++]);
		}
		s->sub[sections - 1][keys++] = key_option(key);
	}
}

static int run_parser(const char *text)
{
	struct schema schema;
	cfg_t *cfg;
	int rc;

	fill_schema(&schema);
	cfg = cfg_init(schema.top, CFGF_NONE);
	if (!cfg)
		return LB_E(NOSPC);
	(void)cfg_set_error_function(cfg, on_error);
	(void)cfg_set_validate_func(cfg, "button", on_button);
	(void)cfg_set_validate_func(cfg, "slot", on_slot);
	rc = cfg_parse_buf(cfg, text);
	/* libConfuse is silent when it runs out of memory. */
	if (rc != CFG_SUCCESS && !loading->failed)
		(void)refuse((unsigned)cfg->line,
			     "the file cannot be read: there is not enough memory");
	(void)cfg_free(cfg); /* of the root: resets the lexer too */
	return rc == CFG_SUCCESS ? 0 : LB_E(FORMAT);
}

int lb_board_parse(struct lb_board *out, struct lb_board_lines *lines, const void *text, size_t n,
		   const char *path, char why[LB_SENTENCE_MAX])
{
	CLEANUP(lb_freep) char *clean = malloc(n + 1);
	char unheard[LB_SENTENCE_MAX], sentence[LB_SENTENCE_MAX];
	struct loader l = {.path = path, .why = why ? why : unheard};
	unsigned line = 1;
	int rc;

	if (!clean) {
		place(l.why, path, line, "the file cannot be read: there is not enough memory");
		return LB_E(NOSPC);
	}
	rc = lb_board_text_clean(clean, text, n, &line, sentence);
	if (rc < 0) {
		place(l.why, path, line, sentence);
		return rc;
	}
	lb_board_defaults(&l.draft);
	loading = &l;
	rc = run_parser(clean);
	if (rc == 0 && check_whole() < 0)
		rc = LB_E(FORMAT);
	loading = NULL;
	if (rc < 0)
		return rc;
	if (l.lines.key[LB_BOARD_ID] && !l.lines.key[LB_BOARD_NAME])
		memcpy(l.draft.name, l.draft.id, sizeof(l.draft.name));
	*out = l.draft;
	if (lines)
		*lines = l.lines;
	return 0;
}

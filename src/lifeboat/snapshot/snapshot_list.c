/* "lifeboat snapshot list": a table for people, JSON and CSV for front ends, as schnapps prints
 * them on Turris routers. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "lifeboat/snapshot/snapshot.h"
#include "tables/tables.h"

#define SIZE_TEXT 24

struct row {
	struct lb_snapshot_info info;
	uint32_t number;
	char size[SIZE_TEXT];
};

struct size {
	uint64_t id, bytes;
};

static struct {
	struct size all[LB_SNAPSHOTS_MAX];
	size_t count;
} sizes;

static void take_size(void *ctx, uint64_t id, uint64_t bytes)
{
	if (sizes.count < LB_SNAPSHOTS_MAX)
		sizes.all[sizes.count++] = (struct size){.id = id, .bytes = bytes};
}

/* As btrfs(8) writes it. */
static void show_size(char out[SIZE_TEXT], uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		value /= 1024;
	(void)snprintf(out, SIZE_TEXT, "%.2f%s", value, units[unit]);
}

/* What a snapshot holds alone is known only where the file system counts it. */
static void find_size(const struct lb_snapshot_session *s, uint32_t number, char out[SIZE_TEXT])
{
	char name[LB_SNAPSHOT_NAME_MAX];
	uint64_t id;

	(void)snprintf(out, SIZE_TEXT, "unknown");
	if (sizes.count == 0)
		return;
	lb_snapshot_name(number, name);
	if (s->plat.id(s->plat.ctx, name, &id) < 0)
		return;
	for (size_t i = 0; i < sizes.count; i++)
		if (sizes.all[i].id == id)
			show_size(out, sizes.all[i].bytes);
}

static void print_row(const struct row *r)
{
	(void)printf(" %4u | %-9s | %11s | %25s | %s\n", r->number,
		     lb_snapshot_type_name(r->info.type), r->size, r->info.created,
		     r->info.description);
}

static void print_csv(const struct row *r)
{
	const char *quote = strchr(r->info.description, ',') ? "\"" : "";

	(void)printf("%u,%s,%s,%s,%s%s%s\n", r->number, lb_snapshot_type_name(r->info.type),
		     r->size, r->info.created, quote, r->info.description, quote);
}

/* No other keys: reForis takes none. */
static void print_json(const struct row *r, bool first)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return;
	(void)json_object_object_add(o, "number", json_object_new_int64(r->number));
	(void)json_object_object_add(o, "type",
				     json_object_new_string(lb_snapshot_type_name(r->info.type)));
	(void)json_object_object_add(o, "size", json_object_new_string(r->size));
	(void)json_object_object_add(o, "created", json_object_new_string(r->info.created));
	(void)json_object_object_add(o, "description", json_object_new_string(r->info.description));
	(void)printf("%s%s", first ? "" : ", ",
		     json_object_to_json_string_ext(o, JSON_C_TO_STRING_SPACED |
							       JSON_C_TO_STRING_NOSLASHESCAPE));
	(void)json_object_put(o);
}

static int print_all(const struct lb_snapshot_session *s, char format)
{
	bool first = true;

	if (format == 't')
		(void)puts(
			"    # | Type      | Size        | Date                      | Description\n"
			"------+-----------+-------------+---------------------------+------------");
	else
		(void)fputs(format == 'c' ? "#,type,size,date,description\n"
					  : "{ \"snapshots\": [ ",
			    stdout);
	for (size_t i = 0; i < s->set.count; i++) {
		struct row r = {.number = s->set.all[i].number};

		/* One that cannot be read is listed with what is sure. */
		if (!s->set.all[i].has_info ||
		    lb_snapshots_info(&s->plat, r.number, &r.info) == LB_E(NOENT))
			continue;
		find_size(s, r.number, r.size);
		if (format == 't')
			print_row(&r);
		else if (format == 'c')
			print_csv(&r);
		else
			print_json(&r, first);
		first = false;
	}
	if (format == 'j')
		(void)fputs(" ] }\n", stdout);
	return LB_EXIT_OK;
}

int lb_snapshot_list(struct lb_snapshot_session *s, int argc, char **argv)
{
	char format = 't';
	int code;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-j") != 0 && strcmp(argv[i], "-c") != 0)
			return lb_snapshot_usage("list does not know ", argv[i]);
		format = argv[i][1];
	}
	code = lb_snapshot_open(s, LB_SNAPSHOT_LOOK);
	if (code != LB_EXIT_OK)
		return code;
	if (lb_btrfs_sizes(&s->fs, take_size, NULL) < 0)
		sizes.count = 0;
	return print_all(s, format);
}

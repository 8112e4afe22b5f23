/* The input is a number that chooses the size of sectors, and the start (or the end) of a disk. */
#include "tests/fuzz/fuzz.h"

#include "image/gpt.h"
#include "image/ptable_merge.h"

static struct lb_ptable t, again, larger;
static struct lb_ptable_merge merge;
static uint8_t out[LB_GPT_BACKUP_BYTES];

/* A table that fits to itself. Without its last partition the rest of the disk is in nobody's way.
 */
static void check_merge(uint64_t room)
{
	unsigned number = 0;
	size_t last = 0;

	CHECK(lb_ptable_merge(&merge, &t, &t, room, 0, &number) == 0 && number == 0);
	CHECK(merge.same && merge.meanwhile.count == 0);
	CHECK(memcmp(&merge.after.part, &t.part, sizeof(t.part)) == 0);
	if (t.count == 0)
		return;
	for (size_t i = 0; i < t.count; i++)
		if (t.part[i].last > t.part[last].last)
			last = i;
	again = t;
	again.count--;
	memmove(&again.part[last], &again.part[last + 1],
		(LB_PTABLE_PARTS_MAX - 1 - last) * sizeof(t.part[0]));
	CHECK(lb_ptable_merge(&merge, &t, &again, room, 0, &number) == 0 && !merge.same);
	CHECK(merge.meanwhile.count == 1 && merge.meanwhile.part[0].number == t.part[last].number);
	CHECK(memcmp(&merge.after.part, &t.part, t.count * sizeof(t.part[0])) == 0);
}

static void check_table(uint64_t room)
{
	unsigned before = 0;

	CHECK(t.count <= LB_PTABLE_PARTS_MAX);
	for (size_t i = 0; i < t.count; i++) {
		CHECK(t.part[i].number > before && t.part[i].first <= t.part[i].last);
		CHECK(t.part[i].last < lb_ptable_end(&t));
		before = t.part[i].number;
	}
	if (t.kind != LB_PTABLE_GPT)
		return;
	CHECK(lb_gpt_entries_bytes(&t) <= LB_GPT_ENTRIES_BYTES + LB_PTABLE_SECTOR_MAX);
	larger = t;
	if (lb_gpt_fit(&larger, room) < 0) {
		CHECK(memcmp(&larger, &t, sizeof(t)) == 0);
		return;
	}
	const size_t entries = lb_gpt_entries_bytes(&larger);

	CHECK(lb_gpt_put_entries(&larger, out, sizeof(out)) == 0);
	CHECK(lb_gpt_put_header(&larger, LB_GPT_BACKUP, out + entries, sizeof(out) - entries) == 0);
	CHECK(lb_ptable_parse_backup(&again, out, entries + larger.sector_bytes,
				     larger.sector_bytes, room) == 0);
	CHECK(again.count == t.count && memcmp(&again.part, &t.part, sizeof(t.part)) == 0);
	check_merge(room);
}

static void check_header(const uint8_t *data, size_t n)
{
	struct lb_gpt_header h, before;

	memset(&h, 0x5A, sizeof(h));
	before = h;
	if (lb_gpt_header_parse(&h, data, n) == 0)
		CHECK(n >= 92);
	else
		CHECK(memcmp(&h, &before, sizeof(h)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t sector[512];

	if (n == 0)
		return 0;
	const uint32_t sector_bytes = 512u << (data[0] & 3);

	if (n > sector_bytes)
		check_header(data + 1 + sector_bytes, n - 1 - sector_bytes);
	memset(&t, 0x5A, sizeof(t));
	again = t;
	if (lb_ptable_parse(&t, data + 1, n - 1, sector_bytes) == 0) {
		check_table(UINT64_C(1) << 40);
		if (t.kind == LB_PTABLE_MBR) {
			memcpy(sector, data + 1, sizeof(sector));
			lb_mbr_put(&t, sector);
			CHECK(memcmp(sector, data + 1, 446 - 2) == 0);
			CHECK(lb_ptable_parse(&again, sector, sizeof(sector), sector_bytes) == 0);
			CHECK(memcmp(&again.part, &t.part, sizeof(t.part)) == 0);
		}
	} else {
		CHECK(memcmp(&t, &again, sizeof(t)) == 0);
	}
	memset(&t, 0x5A, sizeof(t));
	again = t;
	if (lb_ptable_parse_backup(&t, data + 1, n - 1, sector_bytes, 1 << 20) == 0)
		check_table(1 << 20);
	else
		CHECK(memcmp(&t, &again, sizeof(t)) == 0);
	return 0;
}

#include "install/medkit.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/tree_check.h"
#include "install/verify.h"

/* What a btrfs takes for itself, and for what the system writes at its first start: an eighth, and
 * this much. */
#define SPARE_BYTES (UINT64_C(16) << 20)

static struct lb_tree_check check;

static int refuse(struct lb_medkit_report *out, enum lb_failure failure, const char *why)
{
	out->failure = failure;
	(void)snprintf(out->why, sizeof(out->why), "%.250s", why);
	return LB_E(STATE);
}

/* No file beside a medkit is wanted: there is none of any name in this folder. */
static bool name_of(char path[LB_PATH_MAX], const struct lb_medkit_ask *ask)
{
	const char *folder = ask->companions ? ask->companions : "/proc/self/attr/none";
	int n = snprintf(path, LB_PATH_MAX, "%s/%s", folder, ask->name);

	return n + (int)sizeof(".sha256") <= LB_PATH_MAX;
}

static int judge(struct lb_medkit_report *out, const struct lb_medkit_ask *ask,
		 const struct lb_verified *v, int checked)
{
	const enum lb_refusal first = lb_verdict_first(&v->verdict);
	const uint64_t tree = check.room_bytes;
	const uint64_t wanted = tree + tree / 8 + SPARE_BYTES;
	char why[LB_SENTENCE_MAX];

	if (first != LB_REFUSAL_COUNT) {
		(void)snprintf(why, sizeof(why), "%.60s: %.180s", ask->name, v->verdict.why[first]);
		return refuse(out, LB_FAILURE_IMAGE, why);
	}
	if (v->scan.file.image.kind != LB_IMAGE_GZIP || v->offer.inside != LB_IMAGE_MEDKIT) {
		(void)snprintf(
			why, sizeof(why),
			"%.100s is no medkit: it has to be a tar.gz with sbin/init and boot/ "
			"or etc/turris-version in it",
			ask->name);
		return refuse(out, LB_FAILURE_IMAGE, why);
	}
	if (checked < 0) {
		(void)snprintf(why, sizeof(why), "%.60s %.180s", ask->name, check.why);
		return refuse(out, LB_FAILURE_IMAGE, why);
	}
	if (ask->room_bytes && wanted > ask->room_bytes) {
		(void)snprintf(why, sizeof(why),
			       "%.100s does not fit: it takes %" PRIu64
			       " MiB, and the card's partition has %" PRIu64,
			       ask->name, wanted >> 20, ask->room_bytes >> 20);
		return refuse(out, LB_FAILURE_SPACE, why);
	}
	return 0;
}

struct reading {
	const struct lb_medkit_ask *ask;
	uint64_t size_bytes;
	unsigned percent;
};

static void tell(struct reading *r, unsigned percent)
{
	r->percent = percent;
	if (r->ask->progress)
		r->ask->progress(r->ask->ctx, "checking", percent);
}

/* A stick may take minutes, and who waits gives up what says nothing for too long. */
static void was_read(void *ctx, uint64_t read_bytes)
{
	struct reading *r = ctx;
	const unsigned percent =
		read_bytes < r->size_bytes ? (unsigned)(read_bytes * 100 / r->size_bytes) : 100;

	if (percent > r->percent)
		tell(r, percent);
}

int lb_medkit_check(struct lb_medkit_report *out, const struct lb_medkit_ask *ask)
{
	static struct lb_verified v;
	char path[LB_PATH_MAX], why[LB_SENTENCE_MAX];
	struct reading reading = {.ask = ask};
	struct stat st;
	const struct lb_verify_ask verify = {.image = path,
					     .fd = ask->fd,
					     .board = ask->board,
					     .signature = ask->signature,
					     .signature_first =
						     ask->signature && ask->door == LB_DOOR_NETWORK,
					     .door = ask->door,
					     .drop_settings = true,
					     .max_bytes = UINT64_MAX,
					     .progress = was_read,
					     .ctx = &reading,
					     .inside_take = lb_tree_check_feed,
					     .inside_ctx = &check};
	int rc, checked;

	*out = (struct lb_medkit_report){0};
	if (!name_of(path, ask))
		return refuse(out, LB_FAILURE_OTHER,
			      "the medkit lies too deep: the files beside it have too long a name");
	reading.size_bytes = fstat(ask->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	tell(&reading, 0);
	if (lseek(ask->fd, 0, SEEK_SET) != 0)
		return refuse(out, LB_FAILURE_OTHER, "the medkit cannot be read twice");
	if (lb_tree_check_begin(&check) < 0)
		return refuse(out, LB_FAILURE_OTHER, "there is no memory to look at the medkit");
	rc = lb_verify_image(&v, &verify, why);
	checked = lb_tree_check_end(&check);
	if (rc < 0)
		return refuse(out, LB_FAILURE_IMAGE, why);
	(void)snprintf(out->version, sizeof(out->version), "%s",
		       v.offer.version ? v.offer.version : "");
	return judge(out, ask, &v, checked);
}

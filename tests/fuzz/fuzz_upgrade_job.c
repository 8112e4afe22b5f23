/* The input is a job file. */
#include "tests/fuzz/fuzz.h"

#include "plan/upgrade_job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct lb_upgrade_job job, before, again;
	char text[LB_UPGRADE_JOB_MAX];
	int rc;

	memset(&job, 0x5A, sizeof(job));
	memcpy(&before, &job, sizeof(job));
	rc = lb_upgrade_job_parse(&job, data, n);
	CHECK(rc == 0 || rc == LB_E(FORMAT));
	if (rc < 0) {
		CHECK(memcmp(&job, &before, sizeof(job)) == 0);
		return 0;
	}
	rc = lb_upgrade_job_encode(&job, text);
	CHECK(rc > 0 && (size_t)rc <= n);
	CHECK(lb_upgrade_job_parse(&again, text, (size_t)rc) == 0);
	CHECK(strcmp(job.image, again.image) == 0 && strcmp(job.settings, again.settings) == 0 &&
	      strcmp(job.root, again.root) == 0 && job.forced == again.forced &&
	      job.ignore_minor == again.ignore_minor);
	return 0;
}

#include "lifeboat/gate/hostkey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/record_io.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/proc.h"

struct key {
	uint8_t bytes[LB_BLOB_MAX];
	size_t len;
};

static int read_key(struct key *out)
{
	CLEANUP(lb_fd_closep) int fd = open(LB_HOST_KEY_FILE, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return lb_err_from_errno(errno);
	if (st.st_size <= 0 || (uint64_t)st.st_size > sizeof(out->bytes))
		return LB_E(RANGE);
	rc = lb_fd_pread(fd, out->bytes, (size_t)st.st_size, 0);
	if (rc == 0)
		out->len = (size_t)st.st_size;
	return rc;
}

static int make_key(struct key *out)
{
	const char *const argv[] = {"dropbearkey", "-t", "ed25519", "-f", LB_HOST_KEY_FILE, NULL};
	int rc;

	(void)unlink(LB_HOST_KEY_FILE);
	rc = lb_program_run(argv, true);
	if (rc == 0)
		rc = read_key(out);
	else if (rc > 0)
		rc = LB_E(CHILD);
	if (rc < 0)
		(void)unlink(LB_HOST_KEY_FILE); /* nobody is to take it for a whole one */
	return rc;
}

static void store_key(struct lb_record *r, void *ctx)
{
	const struct key *key = ctx;

	memcpy(r->host_key, key->bytes, key->len);
	r->host_key_len = key->len;
}

static void read_fingerprint(char fingerprint[LB_NAME_MAX])
{
	char tool[LB_PATH_MAX], command[2 * LB_PATH_MAX], line[LB_SENTENCE_MAX];

	fingerprint[0] = '\0';
	if (lb_program_find("dropbearkey", tool, sizeof(tool)) < 0)
		return;
	(void)snprintf(command, sizeof(command), "%s -y -f " LB_HOST_KEY_FILE " 2>/dev/null", tool);
	FILE *out = popen(command, "re");
	while (out && fgets(line, sizeof(line), out)) {
		const char *found = strstr(line, "SHA256:");

		if (found)
			(void)snprintf(fingerprint, LB_NAME_MAX, "%.*s",
				       (int)strcspn(found, " \r\n"), found);
	}
	if (out)
		(void)pclose(out);
}

static int take_or_make(const struct lb_board *board)
{
	static struct lb_record record;
	struct key key = {.len = 0};
	int rc = lb_record_read(board, &record);

	if (rc == 0 && record.host_key_len > 0) {
		rc = lb_file_replace(LB_HOST_KEY_FILE, record.host_key, record.host_key_len, 0600);
	} else {
		rc = make_key(&key);
		if (rc == 0 && lb_record_change(board, store_key, &key) < 0)
			log_warn(
				"the recovery host key cannot be kept: the next rescue will show another one");
	}
	return rc;
}

int lb_host_key_provide(const struct lb_board *board, char fingerprint[LB_NAME_MAX])
{
	struct key key;
	int rc = read_key(&key) == 0 ? 0 : take_or_make(board);

	if (rc == 0)
		read_fingerprint(fingerprint);
	return rc;
}

#include "lifeboat/gate/login.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/gate/hostkey.h"
#include "lifeboat/root/owner.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/storage/volume.h"

#define LOGIN_ETC   LB_LOGIN_DIR "/etc"
#define LOGIN_SHELL LB_LOGIN_DIR "/shell" /* dropbear starts it as "-shell": the multicall name */
#define LOGIN_KEYS  LB_LOGIN_HOME "/.ssh/authorized_keys"
#define PEEK_DIR    LB_LOGIN_DIR "/peek"
#define SECRET_MAX  16384 /* authorized_keys of a dozen RSA keys */

static int put(const char *path, const char *text, mode_t mode)
{
	return lb_file_replace(path, text, strlen(text), mode);
}

static int write_skeleton(void)
{
	int rc = lb_dir_make(LB_LOGIN_DIR, 0700);

	if (rc == 0)
		rc = lb_dir_make(LOGIN_ETC, 0755);
	if (rc == 0)
		rc = lb_dir_make(LB_LOGIN_HOME "/.ssh", 0700);
	if (rc == 0)
		rc = lb_dir_make(PEEK_DIR, 0700);
	if (rc == 0 && symlink("/sbin/lifeboat", LOGIN_SHELL) < 0 && errno != EEXIST)
		rc = lb_err_from_errno(errno);
	if (rc == 0)
		rc = put(LOGIN_ETC "/passwd", "root:x:0:0:root:" LB_LOGIN_HOME ":" LOGIN_SHELL "\n",
			 0644);
	if (rc == 0)
		rc = put(LOGIN_ETC "/group", "root:x:0:\n", 0644);
	if (rc == 0)
		rc = put(LOGIN_ETC "/shells", LOGIN_SHELL "\n", 0644);
	/* Shut until the policy says otherwise: "*" matches no password. */
	return rc == 0 ? put(LOGIN_ETC "/shadow", "root:*:1:0:99999:7:::\n", 0600) : rc;
}

/* The read-only root below the overlay counts too: the password of a new router is there. */
static void take_password(int upper)
{
	CLEANUP(lb_fd_closep) int lower = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	static char shadow[SECRET_MAX];
	char hash[256], line[300];

	if (lb_owner_file_read(upper, lower, "etc/shadow", shadow, sizeof(shadow)) < 0 ||
	    !lb_owner_root_hash(shadow, hash, sizeof(hash)))
		return;
	(void)snprintf(line, sizeof(line), "root:%s:1:0:99999:7:::\n", hash);
	if (put(LOGIN_ETC "/shadow", line, 0600) < 0)
		log_warn("the owner's password cannot be taken over");
}

static void take_keys(int upper)
{
	/* Where dropbear of OpenWrt looks, then where everybody looks. */
	static const char *const places[] = {"etc/dropbear/authorized_keys",
					     "root/.ssh/authorized_keys"};
	static char keys[SECRET_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (lb_owner_file_read(upper, -1, places[i], keys, sizeof(keys)) > 0 &&
		    put(LOGIN_KEYS, keys, 0600) == 0)
			return;
}

static int mount_readonly(const struct lb_overlay_dev *dev)
{
	enum lb_overlay_content content;
	int rc = lb_overlay_dev_content(dev, &content);

	if (rc < 0)
		return rc;
	/* Without replaying the journal: that would write. JFFS2 and UBIFS replay it in memory. */
	if (content == LB_CONTENT_EXT4)
		rc = mount(dev->source, PEEK_DIR, "ext4", MS_RDONLY | MS_NOATIME, "noload");
	else if (content == LB_CONTENT_F2FS)
		rc = mount(dev->source, PEEK_DIR, "f2fs", MS_RDONLY | MS_NOATIME, "norecovery");
	else if (content == LB_CONTENT_JFFS2)
		rc = mount(dev->source, PEEK_DIR, "jffs2", MS_RDONLY | MS_NOATIME, "");
	else if (content == LB_CONTENT_UBIFS)
		rc = mount(dev->source, PEEK_DIR, "ubifs", MS_RDONLY | MS_NOATIME, "");
	else
		return LB_E(NOENT);
	return rc < 0 ? lb_err_from_errno(errno) : 0;
}

/* In a child with mounts of its own, so that nothing of the overlay stays visible or busy. */
static int peek(const char *disk)
{
	struct lb_overlay_dev dev;
	int rc;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return lb_err_from_errno(errno);
	rc = disk ? lb_volume_open(&dev, disk, true) : LB_E(NOENT);
	if (rc == 0)
		rc = mount_readonly(&dev);
	CLEANUP(lb_fd_closep)
	int upper =
		rc < 0 ? -1
		       : open(PEEK_DIR "/upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	take_password(upper);
	take_keys(upper);
	return rc;
}

static int peek_in_child(const char *disk)
{
	int status = 0;
	pid_t pid = lb_fork();

	if (pid < 0)
		return lb_err_from_errno(errno);
	if (pid == 0)
		_exit(-peek(disk));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return LB_E(CHILD);
	return -WEXITSTATUS(status);
}

static void read_owner(struct lb_login *login, const char *disk)
{
	char shadow[300], hash[256];
	int rc = peek_in_child(disk);

	login->keys = access(LOGIN_KEYS, F_OK) == 0;
	login->password = lb_file_read(LOGIN_ETC "/shadow", shadow, sizeof(shadow)) > 0 &&
			  lb_owner_root_hash(shadow, hash, sizeof(hash));
	if (rc < 0)
		(void)snprintf(login->why, sizeof(login->why),
			       "the owner's overlay cannot be read (it %s): %s", lb_strerror(rc),
			       login->password
				       ? "the password that was built into the system counts"
				       : "nobody can log in");
	else if (!login->password && !login->keys)
		(void)snprintf(login->why, sizeof(login->why),
			       "the owner has set neither password nor key: nobody can log in");
	else
		(void)snprintf(login->why, sizeof(login->why), "the owner's %s counts",
			       login->password && login->keys ? "password or key"
			       : login->password	      ? "password"
							      : "key");
}

int lb_login_prepare(struct lb_login *out, enum lb_policy policy, const char *disk)
{
	struct lb_login login = {0};
	int rc = write_skeleton();

	if (rc < 0)
		return rc;
	if (policy == LB_POLICY_OPEN)
		rc = put(LOGIN_ETC "/shadow", "root::1:0:99999:7:::\n", 0600);
	else if (policy == LB_POLICY_LOCKED)
		read_owner(&login, disk);
	else
		(void)snprintf(login.why, sizeof(login.why),
			       "failsafe is switched off in the board file: nobody can log in");
	if (rc == 0)
		*out = login;
	return rc;
}

int lb_login_enter(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(LOGIN_ETC, "/etc", NULL, MS_BIND, NULL) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

void lb_login_forget(void)
{
	static const char *const secrets[] = {LOGIN_ETC "/shadow", LOGIN_KEYS, LB_HOST_KEY_FILE};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (unlink(secrets[i]) < 0 && errno != ENOENT)
			log_warn("%s cannot be deleted: %s", secrets[i], strerror(errno));
}

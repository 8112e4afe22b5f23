/* base/cleanup.h - resources release themselves on every return path. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void lb_fd_closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void lb_file_closep(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static inline void lb_dir_closep(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static inline void lb_freep(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

/* Hand ownership of a descriptor to the caller. */
static inline int lb_fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

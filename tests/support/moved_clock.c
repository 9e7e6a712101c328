/* Moves the clock on the wall for one program, by standing between it and the C library (LD_PRELOAD). The machine's own
 * clock (CLOCK_MONOTONIC) goes on as it is: that is how it is where an administrator, or NTP, sets the time.
 *
 * MOVED_CLOCK_FILE=PATH  eight bytes, a number in this machine's order: by so many seconds; it may change at any time
 * MOVED_CLOCK=31536000   by so many seconds, for good */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *moved;
static int64_t for_good;

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("MOVED_CLOCK_FILE"), *seconds = getenv("MOVED_CLOCK");
    if (seconds != NULL)
        for_good = strtoll(seconds, NULL, 10);
    moved = &for_good;
    int fd = file == NULL ? -1 : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    void *bytes = mmap(NULL, sizeof *moved, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes != MAP_FAILED)
        moved = bytes;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, at);
    if (result == 0 && moved != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        at->tv_sec += (time_t)*moved;
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    (void)zone;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at != NULL)
        *at = now.tv_sec;
    return now.tv_sec;
}

/* Makes writes and syncs of the database fail, by standing between the program and the C library (LD_PRELOAD).
 *
 * DISK_FAULT_AT=17        the 17th call fails, once
 * DISK_FAULT_SYNCS=1      only syncs are counted, and fail
 * DISK_FAULT_WHILE=PATH   every call fails as long as PATH is there
 * DISK_FAULT_ERRNO=5      with this errno
 * DISK_FAULT_STRUCK=PATH  this file is made when a call failed; in it stands which
 * DISK_TALLY=PATH         at the end this file gets the number of syncs and of the bytes that were written
 *
 * Counted are write, pwrite, fsync, fdatasync and ftruncate on files whose path has ".db" in it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls, syncs, written;

static int is_database(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return strstr(path, ".db") != NULL;
}

static void note(const char *call, long number) {
    const char *file = getenv("DISK_FAULT_STRUCK");
    ssize_t (*real_write)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    if (file == NULL)
        return;
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0)
        return;
    char text[128];
    int length = snprintf(text, sizeof text, "%s %ld\n", call, number);
    if (real_write(fd, text, (size_t)length) < 0)
        abort();
    close(fd);
}

static void tally(int fd, int is_sync, size_t bytes) {
    if (getenv("DISK_TALLY") == NULL || !is_database(fd))
        return;
    atomic_fetch_add(is_sync ? &syncs : &written, is_sync ? 1 : (long)bytes);
}

__attribute__((destructor)) static void at_the_end(void) {
    const char *path = getenv("DISK_TALLY");
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    if (file == NULL)
        return;
    fprintf(file, "%ld %ld\n", atomic_load(&syncs), atomic_load(&written));
    fclose(file);
}

/* Whether this call is to fail; errno is set then. */
static int fails(const char *call, int fd) {
    const char *at = getenv("DISK_FAULT_AT"), *during = getenv("DISK_FAULT_WHILE"), *with = getenv("DISK_FAULT_ERRNO");
    if ((at == NULL && during == NULL) || !is_database(fd))
        return 0;
    if (getenv("DISK_FAULT_SYNCS") != NULL && strstr(call, "sync") == NULL)
        return 0;
    long number = atomic_fetch_add(&calls, 1) + 1;
    int struck = (at != NULL && number == atol(at)) || (during != NULL && access(during, F_OK) == 0);
    if (!struck)
        return 0;
    note(call, number);
    errno = with == NULL ? EIO : atoi(with);
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    tally(fd, 0, count);
    return fails("write", fd) ? -1 : real(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");
    tally(fd, 0, count);
    return fails("pwrite", fd) ? -1 : real(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    tally(fd, 0, count);
    return fails("pwrite", fd) ? -1 : real(fd, bytes, count, at);
}

int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    tally(fd, 1, 0);
    return fails("fsync", fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    tally(fd, 1, 0);
    return fails("fdatasync", fd) ? -1 : real(fd);
}

int ftruncate(int fd, off_t size) {
    int (*real)(int, off_t) = dlsym(RTLD_NEXT, "ftruncate");
    return fails("ftruncate", fd) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    int (*real)(int, off64_t) = dlsym(RTLD_NEXT, "ftruncate64");
    return fails("ftruncate", fd) ? -1 : real(fd, size);
}

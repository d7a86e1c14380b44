/* Makes calls on chosen files fail, for the storage faults of `paygate lab`.
 *
 * Loaded into the server with LD_PRELOAD. The lab steers it through a file of 32-bit words that both map; PAYGATE_LAB_FAULTS
 * names it. Without that variable, or while the word KIND is 0, every call goes through untouched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum word { KIND, FILES, CALLS, PER_MILLE, LEFT, HITS, WORDS = 16 };
enum kind { NONE, NO_SPACE, IO_ERROR, READ_ONLY, TORN, HANG, NO_ROOM };
enum file { DATABASE = 1, LOG = 2, SANDBOX = 4 };
enum call { WRITE = 1, SYNC = 2, TRUNCATE = 4, OPEN = 8 };

#define UNLIMITED UINT32_MAX
#define MAX_FD 4096

static uint32_t *control;
static unsigned char file_of[MAX_FD];

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_fallocate)(int, int, off_t, off_t);
static int (*real_posix_fallocate)(int, off_t, off_t);

static void *find(const char *name) { return dlsym(RTLD_NEXT, name); }

static int is_started;

/* Other libraries may open files before it is this one's turn. */
__attribute__((constructor)) static void start(void) {
    if (is_started) return;
    is_started = 1;
    real_open = find("open64");
    real_openat = find("openat64");
    real_close = find("close");
    real_write = find("write");
    real_writev = find("writev");
    real_pwrite = find("pwrite64");
    real_pwritev = find("pwritev64");
    real_fsync = find("fsync");
    real_fdatasync = find("fdatasync");
    real_ftruncate = find("ftruncate64");
    real_fallocate = find("fallocate64");
    real_posix_fallocate = find("posix_fallocate64");
    const char *path = getenv("PAYGATE_LAB_FAULTS");
    if (path == NULL) return;
    int fd = real_open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *mapped = mmap(NULL, WORDS * sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    real_close(fd);
    if (mapped != MAP_FAILED) control = mapped;
}

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static unsigned char classify(const char *path) {
    if (ends_with(path, ".db-wal")) return LOG;
    if (ends_with(path, ".db") || ends_with(path, ".db-journal")) return DATABASE;
    /* PostgreSQL opens its files relative to its data. */
    if (strncmp(path, "pg_wal/", 7) == 0) return LOG;
    if (strncmp(path, "base/", 5) == 0) return DATABASE;
    if (ends_with(path, "sandbox.jsonl") || ends_with(path, "sandbox.rewrite")) return SANDBOX;
    return 0;
}

static uint32_t load(enum word word) { return __atomic_load_n(&control[word], __ATOMIC_SEQ_CST); }

static uint32_t draw(void) {
    static __thread uint64_t state;
    if (state == 0) state = (uint64_t)(uintptr_t)&state ^ (uint64_t)time(NULL) ^ ((uint64_t)getpid() << 32);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % 1000;
}

/* Takes one of the faults that are left; 0 when there is none. */
static int take(void) {
    uint32_t left = load(LEFT);
    while (left != UNLIMITED) {
        if (left == 0) return 0;
        if (__atomic_compare_exchange_n(&control[LEFT], &left, left - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return 1;
    }
    return 1;
}

/* Which fault this call meets; grows: whether it makes its file longer. Waits while the disk hangs. */
static enum kind fault(unsigned char file, enum call call, int grows) {
    start();
    if (control == NULL || file == 0) return NONE;
    uint32_t kind = load(KIND);
    if (kind == NONE || !(load(FILES) & file) || !(load(CALLS) & call)) return NONE;
    if (kind == NO_ROOM && !grows) return NONE;
    if (draw() >= load(PER_MILLE) || !take()) return NONE;
    __atomic_add_fetch(&control[HITS], 1, __ATOMIC_SEQ_CST);
    while (kind == HANG && load(KIND) == HANG) {
        struct timespec moment = {0, 10 * 1000 * 1000};
        nanosleep(&moment, NULL);
    }
    return kind == HANG ? NONE : kind;
}

static int error_of(enum kind kind) {
    switch (kind) {
    case NO_SPACE:
    case NO_ROOM: return ENOSPC;
    case READ_ONLY: return EROFS;
    default: return EIO;
    }
}

static int fails(enum kind kind) {
    errno = error_of(kind);
    return -1;
}

static unsigned char file_behind(int fd) { return fd >= 0 && fd < MAX_FD ? file_of[fd] : 0; }

/* Whether a write of size bytes makes the file longer. */
static int grows(int fd, off_t at, size_t size) {
    struct stat file;
    return file_behind(fd) && fstat(fd, &file) == 0 && at + (off_t)size > file.st_size;
}

static int grows_here(int fd, size_t size) { return file_behind(fd) && grows(fd, lseek(fd, 0, SEEK_CUR), size); }

static size_t size_of(const struct iovec *parts, int count) {
    size_t size = 0;
    for (int part = 0; part < count; part++) size += parts[part].iov_len;
    return size;
}

static int opened(int fd, unsigned char file) {
    if (fd >= 0 && fd < MAX_FD) file_of[fd] = file;
    return fd;
}

static int open_as(int at, const char *path, int flags, mode_t mode) {
    unsigned char file = classify(path);
    enum kind kind = fault(file, OPEN, 0);
    /* A file system that is read-only still opens for reading. */
    if (kind == READ_ONLY && (flags & O_ACCMODE) == O_RDONLY) kind = NONE;
    if (kind != NONE) return fails(kind);
    return opened(real_openat(at, path, flags, mode), file);
}

#define MODE_OF(flags, mode)                         \
    mode_t mode = 0;                                 \
    if ((flags) & (O_CREAT | O_TMPFILE)) {           \
        va_list arguments;                           \
        va_start(arguments, flags);                  \
        mode = (mode_t)va_arg(arguments, int);       \
        va_end(arguments);                           \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_as(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_as(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_as(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_as(at, path, flags, mode);
}

int close(int fd) {
    start();
    if (fd >= 0 && fd < MAX_FD) file_of[fd] = 0;
    return real_close(fd);
}

ssize_t write(int fd, const void *from, size_t size) {
    enum kind kind = fault(file_behind(fd), WRITE, grows_here(fd, size));
    if (kind == NONE) return real_write(fd, from, size);
    if (kind == TORN && size > 1) real_write(fd, from, size / 2);
    return fails(kind);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    enum kind kind = fault(file_behind(fd), WRITE, grows_here(fd, size_of(parts, count)));
    return kind == NONE ? real_writev(fd, parts, count) : fails(kind);
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    enum kind kind = fault(file_behind(fd), WRITE, grows(fd, at, size));
    if (kind == NONE) return real_pwrite(fd, from, size, at);
    if (kind == TORN && size > 1) real_pwrite(fd, from, size / 2, at);
    return fails(kind);
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) { return pwrite(fd, from, size, at); }

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    enum kind kind = fault(file_behind(fd), WRITE, grows(fd, at, size_of(parts, count)));
    return kind == NONE ? real_pwritev(fd, parts, count, at) : fails(kind);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return pwritev(fd, parts, count, at); }

int fsync(int fd) {
    enum kind kind = fault(file_behind(fd), SYNC, 0);
    return kind == NONE ? real_fsync(fd) : fails(kind);
}

int fdatasync(int fd) {
    enum kind kind = fault(file_behind(fd), SYNC, 0);
    return kind == NONE ? real_fdatasync(fd) : fails(kind);
}

int ftruncate(int fd, off_t size) {
    enum kind kind = fault(file_behind(fd), TRUNCATE, 0);
    return kind == NONE ? real_ftruncate(fd, size) : fails(kind);
}

int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int fallocate64(int fd, int mode, off64_t from, off64_t size) {
    enum kind kind = fault(file_behind(fd), WRITE, grows(fd, from, size));
    return kind == NONE ? real_fallocate(fd, mode, from, size) : fails(kind);
}

/* Returns the error instead of setting it. */
int posix_fallocate(int fd, off_t from, off_t size) {
    enum kind kind = fault(file_behind(fd), WRITE, grows(fd, from, size));
    return kind == NONE ? real_posix_fallocate(fd, from, size) : error_of(kind);
}

int posix_fallocate64(int fd, off64_t from, off64_t size) { return posix_fallocate(fd, from, size); }

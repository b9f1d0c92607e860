/* Moves the wall clock of one program: loaded before the C library (LD_PRELOAD), it adds the seconds that stand in a file to every
   reading of the wall clock. The file is looked at through memory, so that the clock jumps while the program runs. Steady clocks
   are left alone, as they are on a machine whose clock somebody sets.

   libfaketime (tried: 0.9.10 of Debian 12, a file of offsets that is read anew each time, steady clocks left alone) moves the clock of a running
   program too. It is not used because it opens and reads its file at every reading, which costs 8 microseconds instead of 34 nanoseconds
   of programs whose throughput is part of the story; because sleeping until a moment of the steady clock fails under it with EINVAL; and because
   each process that is killed leaves its shared memory and semaphore in /dev/shm. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t ahead(void) {
    static const volatile int64_t *place;
    if (!place) {
        const char *path = getenv("WARDVOICE_TESTS_CLOCK");
        int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (file < 0) {
            return 0;
        }
        void *memory = mmap(NULL, sizeof *place, PROT_READ, MAP_SHARED, file, 0);
        close(file);
        if (memory == MAP_FAILED) {
            return 0;
        }
        place = memory;
    }
    return *place;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += ahead();
    }
    return failed;
}

time_t time(time_t *now) {
    struct timespec read;
    clock_gettime(CLOCK_REALTIME, &read);
    if (now) {
        *now = read.tv_sec;
    }
    return read.tv_sec;
}

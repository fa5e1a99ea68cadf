/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/desk.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/km_file.h"

struct desk {
    int bells[DESK_N_BELLS];
    pthread_t thread;
    bool is_started;
    sem_t asked, done;
    void (*fn)(void *arg); /* NULL: the end */
    void *arg;
};

/* The lowest of them that is not below from; UINT_MAX: there is none. */
static unsigned next_bell(const struct desk *desk, unsigned from)
{
    unsigned next = UINT_MAX;
    for (size_t i = 0; i < DESK_N_BELLS; i++)
        if ((unsigned)desk->bells[i] >= from && (unsigned)desk->bells[i] < next)
            next = (unsigned)desk->bells[i];
    return next;
}

/* The broker's own files would stay open here when it closes them. A kernel that allows no table of our own costs speed alone. */
static void part_files(const struct desk *desk)
{
    unsigned from = STDERR_FILENO + 1;
    if (!DESK_PARTS_FILES || unshare(CLONE_FILES) != 0)
        return;
    while (from != 0) {
        unsigned kept = next_bell(desk, from);
        if (kept > from)
            (void)close_range(from, kept == UINT_MAX ? kept : kept - 1, 0);
        from = kept + 1;
    }
}

static void wait_for(sem_t *sem)
{
    while (sem_wait(sem) != 0 && errno == EINTR)
        ;
}

static void *run(void *arg)
{
    struct desk *desk = arg;
    part_files(desk);
    for (;;) {
        wait_for(&desk->asked);
        if (desk->fn == NULL)
            return NULL;
        desk->fn(desk->arg);
        (void)sem_post(&desk->done);
    }
}

static km_status start(struct km_err *err, struct desk *desk)
{
    sigset_t all, before;
    for (size_t i = 0; i < DESK_N_BELLS; i++) {
        desk->bells[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (desk->bells[i] < 0)
            return KM_FAIL_ERRNO(err, "can't make an eventfd");
    }
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&desk->thread, NULL, run, desk);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return KM_FAIL_NATIVE(err, KM_E_IO, KM_LAYER_ERRNO, rc, "can't start the plugin's thread");
    desk->is_started = true;
    return KM_OK;
}

km_status desk_new(struct km_err *err, struct desk **ret)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    if (desk == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "the plugin's thread");
    for (size_t i = 0; i < DESK_N_BELLS; i++)
        desk->bells[i] = -1;
    (void)sem_init(&desk->asked, 0, 0);
    (void)sem_init(&desk->done, 0, 0);
    km_status status = start(err, desk);
    if (status != KM_OK) {
        desk_free(desk);
        return status;
    }
    *ret = desk;
    return KM_OK;
}

void desk_free(struct desk *desk)
{
    if (desk == NULL)
        return;
    if (desk->is_started) {
        desk->fn = NULL;
        (void)sem_post(&desk->asked);
        (void)pthread_join(desk->thread, NULL);
    }
    for (size_t i = 0; i < DESK_N_BELLS; i++)
        km_fd_closep(&desk->bells[i]);
    (void)sem_destroy(&desk->asked);
    (void)sem_destroy(&desk->done);
    free(desk);
}

void desk_do(struct desk *desk, void (*fn)(void *arg), void *arg)
{
    desk->fn = fn;
    desk->arg = arg;
    (void)sem_post(&desk->asked);
    wait_for(&desk->done);
}

int desk_bell(const struct desk *desk, enum desk_bell bell)
{
    return desk->bells[bell];
}

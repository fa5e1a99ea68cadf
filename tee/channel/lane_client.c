/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a lane: its life, and a call as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tee/channel/lane_client.h"

/* How many calls pass between two looks at what else runs. */
#define LOOK_EVERY 32u

km_status km_lane_memory_new(struct km_err *err, int *ret_fd)
{
    return km_lane_memfd_new(err, "keymoor-lane", KM_LANE_SIZE, ret_fd);
}

/* The system call itself: the C library's goes by way of a path, which a trusted application's walls refuse. */
static ino_t socket_inode(int fd)
{
    struct stat is = {0};
    return syscall(SYS_fstat, fd, &is) == 0 && S_ISSOCK(is.st_mode) ? is.st_ino : 0;
}

bool km_lane_has_socket(const struct km_lane_client *lane)
{
    return lane->sock >= 0 && socket_inode(lane->sock) == lane->sock_inode;
}

static km_status set_up(struct km_err *err, struct km_lane_client *lane, int socket_fd)
{
    int flags = fcntl(socket_fd, F_GETFL);
    lane->sock_inode = socket_inode(socket_fd);
    if (flags < 0 || fcntl(socket_fd, F_SETFL, flags | O_NONBLOCK) != 0 || lane->sock_inode == 0 ||
        madvise(lane->page, KM_LANE_SIZE, MADV_DONTFORK) != 0)
        return KM_FAIL_ERRNO(err, "set up a lane");
    if (pthread_mutex_init(&lane->table_lock, NULL) != 0)
        return KM_FAIL(err, KM_E_NOMEM, "a lane's lock");
    return km_lane_enlist(err, lane);
}

km_status km_lane_client_new(struct km_err *err, int memory_fd, int socket_fd,
                             struct km_lane_client **ret_lane)
{
    uint8_t *at = NULL;
    KM_TRY(km_lane_map(err, memory_fd, KM_LANE_SIZE, &at));
    struct km_lane_client *lane = aligned_alloc(KM_LANE_ALIGN, (sizeof(*lane) + KM_LANE_ALIGN - 1) /
                                                                   KM_LANE_ALIGN * KM_LANE_ALIGN);
    if (lane != NULL) {
        *lane = (struct km_lane_client){
            .page = (struct km_lane_page *)(void *)at, .cpu = -1, .wish = -1, .sock = socket_fd};
        km_status status = set_up(err, lane, socket_fd);
        if (status == KM_OK) {
            close(memory_fd);
            *ret_lane = lane;
            return KM_OK;
        }
        free(lane);
    }
    munmap(at, KM_LANE_SIZE);
    return lane == NULL ? KM_FAIL(err, KM_E_NOMEM, "a lane") : KM_E_IO;
}

km_status km_lane_client_join(struct km_err *err, struct km_lane_client *lane, int bell_fd)
{
    static _Atomic uint32_t n_joined;
    uint8_t *at = NULL;
    KM_TRY(km_lane_map(err, bell_fd, KM_LANE_BELL_SIZE, &at));
    if (madvise(at, KM_LANE_BELL_SIZE, MADV_DONTFORK) != 0) {
        munmap(at, KM_LANE_BELL_SIZE);
        return KM_FAIL_ERRNO(err, "set up a bell");
    }
    close(bell_fd);
    /* Two lanes with the same bit only wake each other needlessly. */
    lane->bell_bits = 1u << (atomic_fetch_add(&n_joined, 1) % 32);
    km_word_put(&lane->page->bell_bits, lane->bell_bits);
    km_lane_take_bell(lane, (struct km_lane_bell *)(void *)at);
    return KM_OK;
}

void km_lane_client_free(struct km_lane_client *lane)
{
    if (lane == NULL)
        return;
    if (lane->page != NULL && !km_lane_inherited(lane)) {
        km_lane_delist(lane);
        munmap(lane->page, KM_LANE_SIZE);
        if (lane->bell != NULL)
            munmap(lane->bell, KM_LANE_BELL_SIZE);
        if (lane->scratch != NULL)
            munmap(lane->scratch, lane->scratch_len);
    }
    if (km_lane_has_socket(lane))
        close(lane->sock);
    pthread_mutex_destroy(&lane->table_lock);
    free(lane);
}

km_status km_lane_client_call(struct km_err *err, struct km_lane_client *lane, uint32_t op,
                              uint32_t command, struct km_lane_client_param params[KM_LANE_PARAMS],
                              uint32_t *ret_result, uint32_t *ret_origin)
{
    if (!km_lane_client_alive(lane))
        return KM_FAIL(err, KM_E_DEAD, "the instance is gone");
    uint32_t n_calls = atomic_load_explicit(&lane->n_calls, memory_order_relaxed);
    atomic_store_explicit(&lane->n_calls, n_calls + 1, memory_order_relaxed);
    atomic_store_explicit(&lane->busy, true, memory_order_relaxed);
    if (n_calls % LOOK_EVERY == 0)
        km_lane_look_around(lane);
    uint32_t types = params == NULL ? 0 : km_lane_types_of(params);
    uint64_t word = km_lane_call_word(op, types, command);
    uint64_t answer = 0;
    km_status status = types == 0 ? km_lane_hand_over(err, lane, word, &answer)
                                  : km_lane_call_with(err, lane, word, params, &answer);
    atomic_store_explicit(&lane->busy, false, memory_order_relaxed);
    if (status != KM_OK)
        return status;
    *ret_result = (uint32_t)(answer >> 32);
    *ret_origin = (uint32_t)(answer >> 8) & 0xffu;
    return KM_OK;
}

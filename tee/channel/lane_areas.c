/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that the instance maps beside the page: what the application registered, and the lane's own scratch area. */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "common/km_sock.h"
#include "tee/channel/lane_client.h"

#define SCRATCH_MIN 131072u
/* A larger scratch area is not kept for the next call. */
#define SCRATCH_KEEP 8388608u

static km_status send_mail(struct km_lane_client *lane, const struct km_lane_mail *mail, int fd)
{
    uint8_t msg[KM_LANE_MAIL_LEN] = {0};
    if (!km_lane_has_socket(lane))
        return KM_E_DEAD;
    km_lane_mail_put(mail, msg);
    km_status status = km_sock_send(NULL, lane->sock, KM_SLICE(msg, sizeof(msg)), &fd, fd >= 0);
    if (status == KM_OK)
        atomic_store(&lane->mail, true);
    return status;
}

/* As send_mail, and when the socket is full the instance is asked to empty it. Only by the calling thread. */
static km_status send_surely(struct km_err *err, struct km_lane_client *lane,
                             const struct km_lane_mail *mail, int fd)
{
    km_status status = send_mail(lane, mail, fd);
    if (status == KM_E_BUSY) {
        atomic_store(&lane->mail, true);
        uint64_t answer = 0;
        KM_TRY(km_lane_hand_over(err, lane, km_lane_call_word(KM_LANE_OP_MAIL, 0, 0), &answer));
        status = send_mail(lane, mail, fd);
    }
    if (status == KM_E_DEAD)
        atomic_store_explicit(&lane->dead, true, memory_order_relaxed);
    return status == KM_OK ? KM_OK
                           : KM_FAIL(err, status, "tell the instance of shared memory (%s)",
                                     km_status_name(status));
}

static bool table_find(const struct km_lane_client *lane, uint64_t id, uint32_t *ret_area)
{
    for (uint32_t i = KM_LANE_AREA_SCRATCH + 1; i < KM_LANE_AREAS; i++) {
        if (lane->table[i].id == id) {
            *ret_area = i;
            return true;
        }
    }
    return false;
}

/* A free place, else the one not used for the longest time. */
static uint32_t table_place(const struct km_lane_client *lane, uint64_t now)
{
    uint32_t best = KM_LANE_AREA_SCRATCH + 1;
    for (uint32_t i = best; i < KM_LANE_AREAS; i++) {
        if (lane->table[i].id == 0)
            return i;
        if (lane->table[best].used == now || lane->table[i].used < lane->table[best].used)
            best = i;
    }
    return best;
}

km_status km_lane_share(struct km_err *err, struct km_lane_client *lane,
                        const struct km_lane_shared *shared, uint32_t *ret_area)
{
    uint64_t now = lane->serial + 1u; /* this call: what it uses already is not given up for it */
    uint32_t area = 0;
    pthread_mutex_lock(&lane->table_lock);
    bool found = table_find(lane, shared->id, &area);
    if (!found)
        area = table_place(lane, now);
    lane->table[area].used = now;
    if (!found)
        lane->table[area] = (struct km_lane_shared_entry){.id = shared->id, .used = now};
    pthread_mutex_unlock(&lane->table_lock);
    *ret_area = area;
    if (found)
        return KM_OK;
    struct km_lane_mail mail = {
        .kind = KM_LANE_MAIL_SHARE, .area = area, .size = (uint64_t)shared->offset + shared->size};
    if (mail.size == 0 || mail.size > KM_LANE_AREA_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "shared memory of %zu octets", shared->size);
    km_status status = send_surely(err, lane, &mail, shared->fd);
    if (status != KM_OK) {
        pthread_mutex_lock(&lane->table_lock);
        lane->table[area] = (struct km_lane_shared_entry){0};
        pthread_mutex_unlock(&lane->table_lock);
    }
    return status;
}

void km_lane_client_forget(struct km_lane_client *lane, uint64_t shared_id)
{
    uint32_t area = 0;
    if (shared_id == 0 || !km_lane_client_alive(lane))
        return;
    pthread_mutex_lock(&lane->table_lock);
    if (table_find(lane, shared_id, &area)) {
        struct km_lane_mail mail = {.kind = KM_LANE_MAIL_FORGET, .area = area};
        /* When the socket is full the place stays taken until another memory needs it. */
        if (send_mail(lane, &mail, -1) == KM_OK)
            lane->table[area] = (struct km_lane_shared_entry){0};
        else
            lane->table[area].used = 0;
    }
    pthread_mutex_unlock(&lane->table_lock);
}

static void scratch_drop(struct km_lane_client *lane)
{
    struct km_lane_mail mail = {.kind = KM_LANE_MAIL_FORGET, .area = KM_LANE_AREA_SCRATCH};
    if (lane->scratch == NULL)
        return;
    munmap(lane->scratch, lane->scratch_len);
    lane->scratch = NULL;
    lane->scratch_len = 0;
    (void)send_mail(lane, &mail, -1); /* unsent, the next scratch area takes its place */
}

/* The scratch area is the lane's own: what one application was given never lies before another. */
km_status km_lane_scratch_grow(struct km_err *err, struct km_lane_client *lane, size_t need)
{
    if (need <= lane->scratch_len)
        return KM_OK;
    if (need > KM_LANE_AREA_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "%zu octets of parameters", need);
    size_t len = SCRATCH_MIN;
    while (len < need)
        len *= 2;
    KM_AUTO(km_fd_closep) int fd = -1;
    uint8_t *at = NULL;
    struct km_lane_mail mail = {
        .kind = KM_LANE_MAIL_SHARE, .area = KM_LANE_AREA_SCRATCH, .size = len};
    KM_TRY(km_lane_memfd_new(err, "keymoor-scratch", len, &fd));
    KM_TRY(km_lane_map(err, fd, len, &at));
    km_status status = madvise(at, len, MADV_DONTFORK) != 0 ? KM_FAIL_ERRNO(err, "scratch memory")
                                                            : send_surely(err, lane, &mail, fd);
    if (status != KM_OK) {
        munmap(at, len);
        return status;
    }
    if (lane->scratch != NULL)
        munmap(lane->scratch, lane->scratch_len);
    lane->scratch = at;
    lane->scratch_len = len;
    return KM_OK;
}

void km_lane_scratch_trim(struct km_lane_client *lane)
{
    if (lane->scratch_len > SCRATCH_KEEP)
        scratch_drop(lane);
}

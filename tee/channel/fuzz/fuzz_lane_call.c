/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane's page and one message as a client may leave them: an instance in this process takes the
 * call, touches every octet it was given, and replies. Sanitizers watch.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/km_sock.h"
#include "tee/channel/lane_page.h"

#define HEAD KM_LANE_ARENA_AT /* the page's control lines */

static struct km_lane_server *lane;
static uint8_t *page;
static int client_sock = -1;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_up(void)
{
    int memory = -1;
    int shared = -1;
    int pair[2] = {-1, -1};
    if (km_lane_memory_new(NULL, &memory) != KM_OK || km_sock_pair(NULL, pair) != KM_OK ||
        km_lane_map(NULL, memory, KM_LANE_SIZE, &page) != KM_OK ||
        km_lane_server_new(NULL, memory, pair[1], &lane) != KM_OK ||
        km_lane_memfd_new(NULL, "fuzz", 100000, &shared) != KM_OK)
        abort();
    client_sock = pair[0];
    uint8_t msg[KM_LANE_MAIL_LEN] = {0};
    km_lane_mail_put(&(struct km_lane_mail){KM_LANE_MAIL_SHARE, 2, 100000}, msg);
    if (km_sock_send(NULL, client_sock, KM_SLICE(msg, sizeof(msg)), &shared, 1) != KM_OK)
        abort();
    close(shared);
}

/* What a TA may do with its parameters: read all that goes in, write all that comes out. */
static void use(struct km_lane_call *call)
{
    static volatile uint8_t sink;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        struct km_lane_param *param = &call->params[i];
        uint8_t *bytes = (uint8_t *)param->buffer;
        if (param->type < KM_PARAM_MEM_IN || param->size == 0)
            continue;
        if (!param->in_place && param->size > KM_LANE_COPY_MAX)
            abort();
        for (size_t k = 0; k < param->size; k++)
            sink = (uint8_t)(sink ^ bytes[k]);
        if (param->type != KM_PARAM_MEM_IN)
            memset(bytes, 0x55, param->size);
        param->size += call->command % 3;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_lane_call call = {0};
    size_t head = size < HEAD ? size : HEAD;
    if (lane == NULL)
        set_up();
    memset(page, 0, HEAD);
    km_copy(page, HEAD, data, head);
    if (size > HEAD)
        (void)!km_sock_send(NULL, client_sock,
                            KM_SLICE(data + HEAD, size - HEAD > 64 ? 64 : size - HEAD), NULL, 0);
    if (km_lane_server_take(NULL, lane, &call) == KM_OK)
        use(&call);
    km_lane_server_reply(lane, &call, 0, 0);
    return 0;
}

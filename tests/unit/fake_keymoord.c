/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_keymoord.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/km_sock.h"
#include "tee/channel/wire.h"
#include "tests/unit/lane_peer.h"

#define ACCESS_DENIED 0xFFFF0001u
#define BUSY 0xFFFF000Du
#define ORIGIN_TEE 3u

static void reply(int sock, enum fake_mode mode, uint32_t serial, uint32_t result, const int *fds)
{
    uint8_t buf[KM_WIRE_MAX] = {0};
    struct km_slice msg = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    bool is_error = mode == FAKE_ERROR;
    km_wire_header_put(&wr,
                       &(struct km_wire_header){.type = is_error ? KM_WIRE_ERROR : KM_WIRE_OPENED,
                                                .serial = serial});
    if (is_error)
        km_wire_error_put(&wr, &(struct km_wire_error){.result = BUSY,
                                                       .origin = ORIGIN_TEE,
                                                       .text = KM_SLICE_STR("too many sessions")});
    else
        km_wire_opened_put(
            &wr, &(struct km_wire_opened){.result = result, .origin = ORIGIN_TEE, .session = 7});
    if (!km_wr_finish(&wr, &msg))
        abort();
    if (mode == FAKE_NONSENSE)
        buf[0] ^= 0xff;
    (void)!km_sock_send(NULL, sock, msg, fds, fds == NULL ? 0 : 2);
}

static void open_lane(int sock, enum fake_mode mode, uint32_t serial)
{
    int fds[2] = {-1, -1};
    int pair[2] = {-1, -1};
    if (mode == FAKE_DEAD_LANE || mode == FAKE_UNSEALED) {
        if (km_sock_pair(NULL, pair) != KM_OK)
            abort();
        fds[1] = pair[0];
        close(pair[1]);
        if (mode == FAKE_DEAD_LANE
                ? km_lane_memory_new(NULL, &fds[0]) != KM_OK
                : (fds[0] = memfd_create("fake", MFD_CLOEXEC)) < 0 || ftruncate(fds[0], 65536) != 0)
            abort();
    } else {
        lane_peer_start(1, &fds[0], &fds[1]);
    }
    reply(sock, mode, serial, 0, fds);
    close(fds[0]);
    close(fds[1]);
}

static void answer(int sock, enum fake_mode mode)
{
    uint8_t buf[KM_WIRE_MAX] = {0};
    size_t len = 0;
    size_t n_fds = 0;
    if (km_sock_recv(NULL, sock, KM_SPAN(buf, sizeof(buf)), &len, NULL, 0, &n_fds) != KM_OK)
        return;
    struct km_rd rd = km_rd_init(KM_SLICE(buf, len));
    struct km_wire_header header = {0};
    struct km_wire_open open = {0};
    if (!km_wire_header_parse(&rd, &header) || header.type != KM_WIRE_OPEN ||
        !km_wire_open_parse(&rd, &open))
        abort();
    switch (mode) {
    case FAKE_SILENT:
        (void)!km_sock_recv(NULL, sock, KM_SPAN(buf, sizeof(buf)), &len, NULL, 0, &n_fds);
        return;
    case FAKE_HANGS_UP:
        return;
    case FAKE_REFUSES:
        reply(sock, mode, header.serial, ACCESS_DENIED, NULL);
        return;
    case FAKE_ERROR:
    case FAKE_NONSENSE:
    case FAKE_NO_FDS:
        reply(sock, mode, header.serial, 0, NULL);
        return;
    case FAKE_GOOD:
    case FAKE_UNSEALED:
    case FAKE_DEAD_LANE:
        open_lane(sock, mode, header.serial);
    }
}

static void serve(int listener, enum fake_mode mode)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (sock < 0)
            continue;
        answer(sock, mode);
        close(sock);
    }
}

void fake_restart(struct fake_keymoord *fake, enum fake_mode mode)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    km_copy(at.sun_path, sizeof(at.sun_path), fake->path, strlen(fake->path) + 1);
    unlink(fake->path);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(listener, 64) != 0)
        abort();
    fake->pid = fork();
    if (fake->pid < 0)
        abort();
    if (fake->pid == 0)
        serve(listener, mode);
    close(listener);
}

void fake_start(struct fake_keymoord *fake, enum fake_mode mode)
{
    snprintf(fake->dir, sizeof(fake->dir), "/tmp/keymoor-test-XXXXXX");
    if (mkdtemp(fake->dir) == NULL)
        abort();
    snprintf(fake->path, sizeof(fake->path), "%s/sock", fake->dir);
    fake_restart(fake, mode);
}

void fake_kill(struct fake_keymoord *fake)
{
    kill(fake->pid, SIGKILL);
    waitpid(fake->pid, NULL, 0);
}

void fake_stop(struct fake_keymoord *fake)
{
    fake_kill(fake);
    unlink(fake->path);
    rmdir(fake->dir);
}

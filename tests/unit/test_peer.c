/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end: ids, login methods, the system unit. */
#include <sys/socket.h>

#include "common/km_sock.h"
#include "tee/keymoord/peer.h"
#include "tests/unit/km_test.h"

static void unit_names(void **state)
{
    (void)state;
    static const struct {
        const char *text, *unit;
    } cases[] = {
        {"0::/system.slice/mosquitto.service\n", "mosquitto.service"},
        {"0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service"},
        {"0::/system.slice/a.service/payload\n", "a.service"},
        {"9:cpu:/x\n1:name=systemd:/system.slice/b.service\n0::/\n", "b.service"},
        {"0::/system.slice/c.service", "c.service"},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/mosquitto.service\n", NULL},
        {"0::/\n", NULL},
        {"0::/system.slice/\n", NULL},
        {"0::/system.slice\n", NULL},
        {"5:x:/system.slice/a.service\n", NULL},
        {"", NULL},
        {"\n\n\n", NULL},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        char unit[64] = {0};
        bool found = km_peer_unit_parse(KM_SLICE_STR(cases[i].text), unit, sizeof(unit));
        assert_int_equal(found, cases[i].unit != NULL);
        if (found)
            assert_string_equal(unit, cases[i].unit);
    }
    char small[8] = {0};
    assert_false(km_peer_unit_parse(KM_SLICE_STR("0::/system.slice/long-name.service\n"), small,
                                    sizeof(small)));
}

static struct km_peer fake_peer(void)
{
    struct km_peer peer = {.gone_watch = {.fd = -1}, .uid = 1000, .gid = 100, .exe_fd = -1};
    peer.groups[0] = 27;
    peer.n_groups = 1;
    return peer;
}

static void check_uuid(const struct km_uuid *uuid, const char *expected)
{
    char text[KM_UUID_TEXT_LEN] = {0};
    km_uuid_format(uuid, text);
    assert_string_equal(text, expected);
}

/* As RFC 4122 computes them under 58ac9ca0-2086-4683-a1b8-ec4bc08e01b6 from the printed names. */
static void login_uuids(void **state)
{
    (void)state;
    struct km_trust *trust = km_trust_new();
    struct km_peer peer = fake_peer();
    struct km_uuid uuid = {{1}};
    assert_int_equal(km_peer_login(NULL, &peer, trust, 0, 0, &uuid), KM_OK);
    check_uuid(&uuid, "00000000-0000-0000-0000-000000000000");
    assert_int_equal(km_peer_login(NULL, &peer, trust, 1, 0, &uuid), KM_OK);
    check_uuid(&uuid, "fc34275c-d8dd-5ba7-968b-504718363b87");
    assert_int_equal(km_peer_login(NULL, &peer, trust, 2, 100, &uuid), KM_OK);
    check_uuid(&uuid, "d32f761e-b364-519b-be12-ed54ba663b0a");
    assert_int_equal(km_peer_login(NULL, &peer, trust, 2, 27, &uuid), KM_OK);
    assert_int_equal(km_peer_login(NULL, &peer, trust, 2, 0, &uuid), KM_E_DENIED);
    assert_int_equal(km_peer_login(NULL, &peer, trust, 6, 0, &uuid), KM_E_DENIED);
    /* The executable first has to be known; when it can't be, nobody passes for it. */
    assert_int_equal(km_peer_login(NULL, &peer, trust, 4, 0, &uuid), KM_E_STATE);
    peer.exe_unknown = true;
    assert_int_equal(km_peer_login(NULL, &peer, trust, 4, 0, &uuid), KM_E_DENIED);
    peer.exe_unknown = false;
    memset(peer.exe_sha256, 'a', 64);
    struct km_uuid app = {{0}}, app_user = {{0}}, app_group = {{0}};
    assert_int_equal(km_peer_login(NULL, &peer, trust, 4, 0, &app), KM_OK);
    assert_int_equal(km_peer_login(NULL, &peer, trust, 5, 0, &app_user), KM_OK);
    assert_int_equal(km_peer_login(NULL, &peer, trust, 6, 100, &app_group), KM_OK);
    check_uuid(&app_user, "fdedd7c7-2d27-5f05-af88-be07e2399225");
    assert_false(km_uuid_equal(&app, &app_user));
    assert_false(km_uuid_equal(&app_group, &app_user));
    assert_int_equal(km_peer_login(NULL, &peer, trust, 3, 0, &uuid), KM_E_UNSUPPORTED);
    assert_int_equal(km_peer_login(NULL, &peer, trust, 0xf0000000u, 0, &uuid), KM_E_UNSUPPORTED);
    km_trust_free(trust);
}

static void the_kernel_names_the_peer(void **state)
{
    (void)state;
    int ends[2] = {-1, -1};
    struct km_loop loop = {.epoll_fd = -1};
    struct km_peer *peer = NULL;
    char exe[256] = {0};
    assert_int_equal(km_loop_init(NULL, &loop), KM_OK);
    assert_int_equal(km_sock_pair(NULL, ends), KM_OK);
    assert_int_equal(km_peer_new(NULL, &loop, ends[0], &peer), KM_OK);
    assert_int_equal(peer->uid, getuid());
    assert_int_equal(peer->pid, getpid());
    assert_true(peer->is_admin);
    assert_true(km_peer_in_group(peer, getgid()));
    assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
    assert_string_equal(peer->exe, exe);
    assert_true(peer->exe_fd >= 0);
    assert_false(peer->gone);
    km_peer_unref(km_peer_ref(peer));
    km_peer_unref(peer);
    km_loop_clear(&loop);
    close(ends[0]);
    close(ends[1]);
}

/* Without a handle on the process its number may be another's by the time that it is looked at. */
static void an_unwatched_process_is_not_told(void **state)
{
    (void)state;
    int ends[2] = {-1, -1};
    struct km_loop loop = {.epoll_fd = -1};
    struct km_peer *peer = NULL;
    assert_int_equal(km_sock_pair(NULL, ends), KM_OK);
    /* A loop that watches nothing. */
    assert_int_equal(km_peer_new(NULL, &loop, ends[0], &peer), KM_OK);
    assert_int_equal(peer->gone_watch.fd, -1);
    assert_false(peer->gone);
    assert_int_equal(peer->exe_fd, -1);
    assert_string_equal(peer->exe, "");
    char unit[64] = {0};
    assert_int_equal(km_peer_unit(peer, unit, sizeof(unit)), KM_E_NOTFOUND);
    km_peer_unref(peer);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unit_names),
        cmocka_unit_test(login_uuids),
        cmocka_unit_test(the_kernel_names_the_peer),
        cmocka_unit_test(an_unwatched_process_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of executables: right, shared, and never by more processes than there may be. */
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "tee/keymoord/exe_digest.h"
#include "tests/unit/km_test.h"

#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static struct km_loop loop = {.epoll_fd = -1};
static struct km_trust *trust;
static char dir[64];

/* What was answered; a peer that is asked about has to be kept by whoever asks. */
struct answer {
    unsigned n;
    km_status status;
};

static void on_done(void *arg, struct km_peer *peer, km_status status)
{
    struct answer *answer = arg;
    (void)peer;
    answer->n++;
    answer->status = status;
}

static void make_file(int number, const char *text)
{
    char path[96] = {0};
    (void)snprintf(path, sizeof(path), "%s/%d", dir, number);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct km_peer *peer_new(uid_t uid, int number)
{
    char path[96] = {0};
    struct km_peer *peer = calloc(1, sizeof(*peer));
    assert_non_null(peer);
    (void)snprintf(path, sizeof(path), "%s/%d", dir, number);
    *peer = (struct km_peer){.gone_watch = {.fd = -1}, .loop = &loop, .refs = 1, .uid = uid};
    peer->exe_fd = open(path, O_PATH | O_CLOEXEC);
    assert_true(peer->exe_fd >= 0);
    return peer;
}

/* Nobody waits for them meanwhile, so those that have ended count as well. */
static unsigned n_children(void)
{
    char text[256] = {0};
    unsigned n = 0;
    FILE *file = fopen("/proc/thread-self/children", "re");
    assert_non_null(file);
    (void)!fgets(text, sizeof(text), file);
    (void)fclose(file);
    for (const char *at = text; *at != '\0'; at++)
        n += *at == ' ' ? 1 : 0;
    return n;
}

static void wait_for(const struct answer *answer)
{
    while (answer->n == 0)
        assert_int_equal(km_loop_once(NULL, &loop, 20000), KM_OK);
}

static void reap(void)
{
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

static void clients_that_come_and_go_share_a_reader(void **state)
{
    (void)state;
    struct answer answers[20] = {{0}};
    struct km_peer *peers[20] = {NULL};
    make_file(0, "abc");
    for (size_t i = 0; i < KM_ARRAY_LEN(peers); i++) {
        peers[i] = peer_new((uid_t)(1000 + i % 3), 0);
        km_exe_digest_ask(&loop, trust, peers[i], on_done, &answers[i]);
        if (i % 2 == 0) /* its connection is closed at once */
            km_peer_unref(km_steal(&peers[i]));
    }
    assert_int_equal(n_children(), 1);
    for (size_t i = 0; i < KM_ARRAY_LEN(peers); i++) {
        wait_for(&answers[i]);
        assert_int_equal(answers[i].status, KM_OK);
        if (peers[i] != NULL)
            assert_string_equal(peers[i]->exe_sha256, SHA256_ABC);
        km_peer_unref(peers[i]);
    }
    reap();
    /* From now on it is known. */
    struct answer again = {0};
    struct km_peer *peer = peer_new(1000, 0);
    km_exe_digest_ask(&loop, trust, peer, on_done, &again);
    assert_int_equal(again.n, 1);
    assert_string_equal(peer->exe_sha256, SHA256_ABC);
    assert_int_equal(n_children(), 0);
    km_peer_unref(peer);
}

static void readers_are_few(void **state)
{
    (void)state;
    struct answer answers[30] = {{0}};
    struct km_peer *peers[30] = {NULL};
    bool refused[30] = {false};
    unsigned started = 0;
    for (int i = 0; i < (int)KM_ARRAY_LEN(peers); i++) {
        char text[16] = {0};
        (void)snprintf(text, sizeof(text), "file %d", i);
        make_file(100 + i, text);
        peers[i] = peer_new((uid_t)(i < 10 ? 1000 : 1000 + i), 100 + i);
        km_exe_digest_ask(&loop, trust, peers[i], on_done, &answers[i]);
        refused[i] = answers[i].n != 0;
        started += refused[i] ? 0 : 1;
        if (i == 9)
            assert_int_equal(started, KM_EXE_DIGEST_JOBS_UID_MAX);
    }
    assert_int_equal(started, KM_EXE_DIGEST_JOBS_MAX);
    assert_int_equal(n_children(), KM_EXE_DIGEST_JOBS_MAX);
    for (size_t i = 0; i < KM_ARRAY_LEN(peers); i++) {
        wait_for(&answers[i]);
        assert_int_equal(answers[i].status, refused[i] ? KM_E_BUSY : KM_OK);
        /* Refused is not unknown: it may ask again. */
        assert_false(peers[i]->exe_unknown);
        assert_int_equal(peers[i]->exe_sha256[0] == '\0', refused[i]);
    }
    reap();
    struct answer later = {0};
    km_exe_digest_ask(&loop, trust, peers[9], on_done, &later);
    wait_for(&later);
    assert_int_equal(later.status, KM_OK);
    assert_int_equal(strlen(peers[9]->exe_sha256), 64);
    for (size_t i = 0; i < KM_ARRAY_LEN(peers); i++)
        km_peer_unref(peers[i]);
    reap();
}

static void what_failed_is_not_tried_again_at_once(void **state)
{
    (void)state;
    make_file(1, ""); /* no program */
    struct answer first = {0}, second = {0};
    struct km_peer *one = peer_new(1000, 1), *two = peer_new(1000, 1);
    km_exe_digest_ask(&loop, trust, one, on_done, &first);
    assert_int_equal(n_children(), 1);
    wait_for(&first);
    assert_int_equal(first.status, KM_OK);
    assert_true(one->exe_unknown);
    reap();
    km_exe_digest_ask(&loop, trust, two, on_done, &second);
    assert_int_equal(second.n, 1);
    assert_true(two->exe_unknown);
    assert_int_equal(n_children(), 0);
    km_peer_unref(one);
    km_peer_unref(two);
}

static int set_up(void **state)
{
    (void)state;
    trust = km_trust_new();
    (void)snprintf(dir, sizeof(dir), "/tmp/km-digest.XXXXXX");
    return trust != NULL && mkdtemp(dir) != NULL && km_loop_init(NULL, &loop) == KM_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    char path[96] = {0};
    (void)state;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(path, sizeof(path), "%s/%d", dir, i);
        (void)unlink(path);
    }
    km_loop_clear(&loop);
    km_trust_free(trust);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_that_come_and_go_share_a_reader),
        cmocka_unit_test(readers_are_few),
        cmocka_unit_test(what_failed_is_not_tried_again_at_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

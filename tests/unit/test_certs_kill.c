/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command that changes what is trusted, killed before each of its changes and without space at each of them: afterwards all of
 * it is as before or all of it is as wanted, a key is its certificate's, and a sequence that counted is not taken again.
 */
#include "tests/unit/certs_rig.h"

#define CHANGES_MAX 12u

static struct made_cert ca, leaf, next_root, next_command;
static uint8_t *crl;
static size_t crl_len;

static int up(void **state)
{
    (void)certs_rig_up(state);
    cert_make("ca|cn=ca|key=P-256/ca", NULL, &ca);
    cert_make("cn=leaf|key=P-256/leaf|serial=11", &ca, &leaf);
    cert_make("ca|cn=next root|key=P-256/next", NULL, &next_root);
    cert_make("cn=next commands|key=P-256/commands", NULL, &next_command);
    crl = crl_make("serials=11", &ca, &crl_len);
    return 0;
}

static int down(void **state)
{
    cert_free(&ca);
    cert_free(&leaf);
    cert_free(&next_root);
    cert_free(&next_command);
    OPENSSL_free(crl);
    return certs_rig_down(state);
}

/* ---- the commands ---- */

static uint32_t add(void)
{
    return certs_rig_simple(KM_CERT_ADD_AUTHORITY, 10, &ca);
}
static uint32_t update(void)
{
    return certs_rig_simple(KM_CERT_UPDATE_AUTHORITY, 10, &ca);
}
static uint32_t delete_it(void)
{
    return certs_rig_simple(KM_CERT_DELETE_AUTHORITY, 10, &ca);
}
static uint32_t revoke_leaf(void)
{
    return certs_rig_simple(KM_CERT_ADD_REVOCATION, 10, &leaf);
}
static uint32_t list(void)
{
    const struct km_cert_command command = {
        .operation = KM_CERT_ADD_CRL, .sequence = 10, .body = KM_SLICE(crl, crl_len)};
    return certs_rig_command(&command);
}
static uint32_t list_alone(void)
{
    return certs_rig_crl(KM_SLICE(crl, crl_len));
}
static uint32_t root(void)
{
    return certs_rig_named("com.seqlabs.oem_root_cert", 10, &next_root);
}
static uint32_t command(void)
{
    return certs_rig_named("com.seqlabs.oem_command_cert", 10, &next_command);
}
static uint32_t numbers(void)
{
    const struct km_cert_command only = {.operation = KM_CERT_NUMBERS_ONLY, .sequence = 10};
    return certs_rig_command(&only);
}

static bool ca_is_trusted(void)
{
    return certs_rig_verify(&ca, NULL) == KM_CERTS_GOOD;
}
static bool leaf_is_revoked(void)
{
    return certs_rig_verify(&leaf, NULL) == KM_CERTS_REVOKED;
}
static bool named_is(const char *name, const struct made_cert *cert)
{
    uint8_t der[KM_CERTS_DER_MAX] = {0};
    return km_slice_equal(certs_rig_get(name, der), cert_der(cert));
}
static bool root_is_next(void)
{
    return named_is("com.seqlabs.oem_root_cert", &next_root);
}
static bool command_is_next(void)
{
    return named_is("com.seqlabs.oem_command_cert", &next_command);
}
static bool sequence_is_ten(void)
{
    return certs_rig_sequence() == 10;
}

static const struct row {
    const char *name;
    uint32_t (*run)(void);
    bool (*is_done)(void);
    bool has_ca;      /* it is there before */
    bool is_numbered; /* has a sequence */
} ROWS[] = {
    {"add", add, ca_is_trusted, false, true},
    {"update", update, ca_is_trusted, false, true},
    {"delete", delete_it, ca_is_trusted, true, true}, /* done when it is not */
    {"revoke", revoke_leaf, leaf_is_revoked, true, true},
    {"list", list, leaf_is_revoked, true, true},
    {"list alone", list_alone, leaf_is_revoked, true, false},
    {"root", root, root_is_next, false, true},
    {"command", command, command_is_next, false, true},
    {"numbers", numbers, sequence_is_ten, false, true},
};

/* ---- what has to hold whatever happened ---- */

static bool key_is_of(const char *key, const char *name)
{
    uint8_t der[KM_CERTS_DER_MAX] = {0};
    struct km_slice got = certs_rig_get(name, der);
    const uint8_t *at = got.ptr;
    X509 *x509 = d2i_X509(NULL, &at, (long)got.len);
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
    bool is = len > 0 && km_slice_equal(certs_rig_key(key), KM_SLICE(spki, (size_t)len));
    OPENSSL_free(spki);
    X509_free(x509);
    return is;
}

static void check_whole(const struct row *row)
{
    bool is_done = row->is_done() != (row->run == delete_it);
    uint64_t sequence = certs_rig_sequence();
    assert_true(key_is_of("com.seqlabs.oem_pub_key", "com.seqlabs.oem_root_cert"));
    assert_true(key_is_of("com.seqlabs.oem_command_pub_key", "com.seqlabs.oem_command_cert"));
    if (row->is_numbered)
        assert_int_equal(sequence, is_done ? 10 : row->has_ca ? 1 : 0);
    uint32_t again = row->run();
    if (!is_done)
        assert_int_equal(again, TEE_SUCCESS);
    else if (row->run == command) /* whose signature counts has changed */
        assert_int_equal(again, KM_CERTS_E_SIGNATURE);
    else
        assert_int_equal(again, row->is_numbered ? KM_CERTS_E_REPLAYED : TEE_SUCCESS);
    assert_true(row->is_done() != (row->run == delete_it));
}

/* ---- killed ---- */

static int run_and_die(void *arg)
{
    const struct row *row = arg;
    /* An open store is not for a child: it has its own. */
    rig_start(certs_rig.dir);
    rig_open(&certs_rig.user, 1000, false);
    rig_open(&certs_rig.admin, 0, true);
    certs_rig.n_changes = 0;
    return row->run() == TEE_SUCCESS ? 0 : 1;
}

static void stop(void)
{
    rig_close(&certs_rig.admin);
    rig_close(&certs_rig.user);
    rig_stop();
}

static void start(void)
{
    rig_start(certs_rig.dir);
    rig_open(&certs_rig.user, 1000, false);
    rig_open(&certs_rig.admin, 0, true);
}

/* Whether it was killed: there are no more changes than those. */
static bool kill_at(const struct row *row, unsigned at)
{
    void *state = NULL;
    (void)up(&state);
    if (row->has_ca)
        assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
    stop();
    certs_rig.dies_at = at;
    int how = km_test_in_child(run_and_die, (void *)(uintptr_t)row);
    certs_rig.dies_at = 0;
    bool is_killed = WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL;
    assert_true(is_killed || (WIFEXITED(how) && WEXITSTATUS(how) == 0));
    start();
    check_whole(row);
    (void)down(&state);
    return is_killed;
}

static void killed_before_each_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        unsigned at = 1;
        while (kill_at(&ROWS[i], at))
            at++;
        print_message("%s: killed before each of %u changes\n", ROWS[i].name, at - 1);
        assert_in_range(at, ROWS[i].run == numbers ? 2 : 4, CHANGES_MAX);
    }
}

/* Killed again while the first one after it carries the command out. */
static void killed_while_it_is_mended(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 6; at++) {
        void *fixture = NULL;
        (void)up(&fixture);
        stop();
        certs_rig.dies_at = 3; /* the key is the new one, the certificate not yet */
        (void)km_test_in_child(run_and_die, (void *)(uintptr_t)&ROWS[6]);
        certs_rig.dies_at = at;
        (void)km_test_in_child(run_and_die, (void *)(uintptr_t)&ROWS[6]);
        certs_rig.dies_at = 0;
        start();
        assert_true(root_is_next());
        check_whole(&ROWS[6]);
        (void)down(&fixture);
    }
}

/* ---- without space ---- */

/* One change fails, or that one and all later ones until there is space again. */
static void fail_at(const struct row *row, unsigned at, unsigned n_failures)
{
    void *state = NULL;
    (void)up(&state);
    if (row->has_ca)
        assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
    certs_rig.n_changes = 0;
    certs_rig.fails_at = at;
    certs_rig.n_failures = n_failures;
    bool was_done = row->is_done() != (row->run == delete_it);
    assert_false(was_done);
    uint32_t result = row->run();
    assert_true(result == TEE_SUCCESS || result == TEE_ERROR_STORAGE_NO_SPACE);
    if (n_failures == 1 && result != TEE_SUCCESS)
        assert_int_equal(certs_rig_sequence(), row->has_ca ? 1 : 0);
    certs_rig.fails_at = 0;
    if (n_failures == 1)
        assert_int_equal(row->is_done() != (row->run == delete_it), result == TEE_SUCCESS);
    check_whole(row);
    (void)down(&state);
}

static void no_space_at_each_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        for (unsigned at = 1; at < 6; at++) {
            fail_at(&ROWS[i], at, 1);
            fail_at(&ROWS[i], at, 0);
        }
    }
}

/* ---- a store that is really full ---- */

/* Until nothing fits any more, not even a little; answers how many objects that took. */
static unsigned fill(void)
{
    static uint8_t octets[16384];
    unsigned n = 0;
    for (size_t len = sizeof(octets); len > 0; len /= 8) {
        TEE_Result result = TEE_SUCCESS;
        while (result == TEE_SUCCESS) {
            char id[16] = {0};
            (void)snprintf(id, sizeof(id), "x%u", n++);
            result = TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, id, strlen(id), 0,
                                                TEE_HANDLE_NULL, octets, len, NULL);
        }
        assert_int_equal(result, TEE_ERROR_STORAGE_NO_SPACE);
    }
    return n;
}

static void make_room(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char id[16] = {0};
        TEE_ObjectHandle object = TEE_HANDLE_NULL;
        (void)snprintf(id, sizeof(id), "x%u", i);
        if (TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, id, strlen(id),
                                     TEE_DATA_FLAG_ACCESS_WRITE_META, &object) == TEE_SUCCESS)
            assert_int_equal(TEE_CloseAndDeletePersistentObject1(object), TEE_SUCCESS);
    }
}

static void a_full_store(void **state)
{
    (void)state;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        const struct row *row = &ROWS[i];
        void *fixture = NULL;
        (void)up(&fixture);
        if (row->has_ca)
            assert_int_equal(certs_rig_simple(KM_CERT_ADD_AUTHORITY, 1, &ca), TEE_SUCCESS);
        stop();
        rig_host.store_max = (size_t)1 << 20;
        start();
        unsigned n = fill();
        uint32_t result = row->run();
        print_message("%s in a full store: 0x%08x\n", row->name, result);
        assert_true(result == TEE_SUCCESS || result == TEE_ERROR_STORAGE_NO_SPACE);
        assert_int_equal(row->is_done() != (row->run == delete_it), result == TEE_SUCCESS);
        assert_true(key_is_of("com.seqlabs.oem_pub_key", "com.seqlabs.oem_root_cert"));
        make_room(n);
        check_whole(row);
        (void)down(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_before_each_change),
        cmocka_unit_test(killed_while_it_is_mended),
        cmocka_unit_test(no_space_at_each_change),
        cmocka_unit_test(a_full_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

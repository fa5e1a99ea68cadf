/* SPDX-License-Identifier: Apache-2.0 */
/* The gate of the certificate application: readers go together, and none of them keeps out who changes something. */
#include "ta/certs/gate.h"

#include <openssl/sha.h>

#include "ta/crypto/crypto_protocol.h"
#include "tests/unit/certs_rig.h"

static struct made_cert ca;

static int up(void **state)
{
    (void)certs_rig_up(state);
    cert_make("ca|cn=added|key=P-256/ca", NULL, &ca);
    return 0;
}

static int down(void **state)
{
    cert_free(&ca);
    return certs_rig_down(state);
}

/* ---- readers without end ---- */

static struct {
    struct km_gate gate; /* of the reader who is inside */
    uint32_t (*peer)(uint32_t command, uint32_t types, TEE_Param params[4]);
    unsigned n_waits, n_came;
    bool is_waiting; /* a reader */
} readers;

/* The first one is inside before the command asks for the gate. */
static uint32_t peer_with_reader(uint32_t command, uint32_t types, TEE_Param params[4])
{
    if (readers.gate.object == TEE_HANDLE_NULL && readers.n_waits == 0)
        assert_int_equal(km_gate_open(KM_GATE_TOGETHER, &readers.gate), TEE_SUCCESS);
    return readers.peer(command, types, params);
}

/* Each time that the command waits, another reader comes before the one inside leaves. */
static void another_comes(void)
{
    struct km_gate next = {0};
    if (readers.is_waiting)
        return;
    readers.n_waits++;
    readers.is_waiting = true;
    bool is_in = km_gate_open(KM_GATE_TOGETHER, &next) == TEE_SUCCESS;
    readers.is_waiting = false;
    km_gate_close(&readers.gate);
    readers.n_came += is_in ? 1 : 0;
    readers.gate = next;
}

static uint32_t obey_beside_readers(uint64_t sequence)
{
    uint8_t digest[32] = {0};
    struct km_slice spki = certs_rig_key("com.seqlabs.oem_device_pub_key");
    struct km_cert_command add = {.operation = KM_CERT_ADD_AUTHORITY,
                                  .sequence = sequence,
                                  .device = KM_SLICE(digest, sizeof(digest)),
                                  .body = cert_der(&ca)};
    assert_non_null(SHA256(spki.ptr, spki.len, digest));
    memset(&readers, 0, sizeof(readers));
    readers.peer = rig_host.peer;
    rig_host.peer = peer_with_reader;
    rig_host.waited = another_comes;
    uint32_t result = certs_rig_command(&add);
    rig_host.peer = readers.peer;
    rig_host.waited = NULL;
    return result;
}

static void readers_let_a_command_pass(void **state)
{
    (void)state;
    assert_int_equal(obey_beside_readers(1), TEE_SUCCESS);
    assert_int_not_equal(readers.n_waits, 0);
    /* One may come before the command has found the gate held. */
    assert_in_range(readers.n_came, 0, 1);
    assert_ptr_equal(readers.gate.object, TEE_HANDLE_NULL);
    assert_int_equal(certs_rig_verify(&ca, NULL), KM_CERTS_GOOD);
}

/* ---- who died while it was his turn ---- */

static void make_turn(void)
{
    TEE_ObjectHandle turn = TEE_HANDLE_NULL;
    assert_int_equal(TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, "turn", 4,
                                                TEE_DATA_FLAG_ACCESS_READ, TEE_HANDLE_NULL, NULL, 0,
                                                &turn),
                     TEE_SUCCESS);
    TEE_CloseObject(turn);
}

static uint32_t peer_that_makes_turn(uint32_t command, uint32_t types, TEE_Param params[4])
{
    if (command == KM_CRYPTO_CMD_LOAD_KEY)
        make_turn();
    return readers.peer(command, types, params);
}

static void the_dead_keep_nobody_waiting(void **state)
{
    (void)state;
    readers.peer = rig_host.peer;
    rig_host.peer = peer_that_makes_turn;
    assert_int_equal(certs_rig_named("com.seqlabs.oem_device_cert", 1, &certs_rig.device),
                     TEE_SUCCESS);
    rig_host.peer = readers.peer;
    rig_host.waited = another_comes;
    readers.n_waits = 0;
    assert_int_equal(certs_rig_sequence(), 1);
    assert_int_equal(readers.n_waits, 0);
    rig_host.waited = NULL;
    assert_int_equal(obey_beside_readers(2), TEE_SUCCESS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(readers_let_a_command_pass),
        TEST(the_dead_keep_nobody_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

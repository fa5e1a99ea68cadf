/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole application on a provisioned device, with a client that sends anything: a panic is a crash. What nobody signed changes
 * nothing; what is signed may hold anything, and afterwards the device still has a command certificate, and its key.
 *
 * The input: one octet of what it is, then
 *   0  a package for COMMAND                  1  operation, flags, then the body of a signed command
 *   2  u16 length and CHAIN, then WISH        3  a CertificateList
 */
#include <stdlib.h>

#include "fuzz/km_fuzz.h"
#include "tests/unit/certs_rig.h"

static const char *const NAMES[] = {"com.seqlabs.oem_root_cert", "com.seqlabs.oem_cloud_cert",
                                    "com.seqlabs.oem_device_cert", "com.seqlabs.oem_device_csr"};

static void down(void)
{
    void *state = NULL;
    (void)certs_rig_down(&state);
}

static void once(void)
{
    static bool is_up;
    void *state = NULL;
    if (is_up)
        return;
    is_up = true;
    (void)certs_rig_up(&state);
    (void)atexit(down);
}

static void unsigned_command(struct km_slice in)
{
    uint64_t before = certs_rig_sequence();
    uint32_t result = certs_rig_hand_in(&certs_rig.admin, in);
    KM_FUZZ_CHECK(result != TEE_SUCCESS && certs_rig_sequence() == before);
}

static void signed_command(struct km_rd rd)
{
    uint8_t operation = 0;
    uint8_t flags = 0;
    if (!km_rd_u8(&rd, &operation) || !km_rd_u8(&rd, &flags))
        return;
    struct km_cert_command command = {.operation = (enum km_cert_operation)(1 + operation % 8u),
                                      .sequence = certs_rig_sequence() + (flags & 1u),
                                      .body = KM_SLICE(rd.pos, km_rd_left(&rd))};
    if (command.operation == KM_CERT_UPDATE_NAMED)
        command.name = KM_SLICE_STR(NAMES[flags / 2 % KM_ARRAY_LEN(NAMES)]);
    uint32_t result = certs_rig_command(&command);
    KM_FUZZ_CHECK((flags & 1u) != 0 || result != TEE_SUCCESS);
}

static void question(struct km_rd rd)
{
    uint16_t len = 0;
    struct km_slice chain = {0};
    uint32_t verdict = 0;
    uint32_t depth = 0;
    if (!km_rd_u16le(&rd, &len) || !km_rd_bytes(&rd, len, &chain))
        return;
    (void)certs_rig_ask(chain, KM_SLICE(rd.pos, km_rd_left(&rd)), &verdict, &depth);
    KM_FUZZ_CHECK(verdict <= KM_CERTS_CLOCK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    uint8_t der[KM_CERTS_DER_MAX] = {0};
    uint8_t what = 0;
    once();
    if (!km_rd_u8(&rd, &what) || km_rd_left(&rd) > KM_CERT_COMMAND_BODY_MAX)
        return 0;
    struct km_slice rest = KM_SLICE(rd.pos, km_rd_left(&rd));
    if (what == 0)
        unsigned_command(rest);
    if (what == 1)
        signed_command(rd);
    if (what == 2)
        question(rd);
    if (what == 3)
        (void)certs_rig_crl(rest);
    KM_FUZZ_CHECK(km_slice_equal(certs_rig_get("com.seqlabs.oem_command_cert", der),
                                 cert_der(&certs_rig.command)));
    KM_FUZZ_CHECK(certs_rig_key("com.seqlabs.oem_command_pub_key").len != 0);
    return 0;
}

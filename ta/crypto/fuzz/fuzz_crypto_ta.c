/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole application with a client that sends anything (ta_client.h): a panic is a crash, and so is an answer that holds the
 * private value of a key that may not leave. Named keys and passwords stay for later runs.
 */
#include <string.h>

#include "fuzz/ta_client.h"

static uint8_t secret[32];

static uint32_t secret_key(void)
{
    struct km_crypto_template wish = rig_wish(KM_CRYPTO_KEY_EC_DUAL_KEYPAIR, 256);
    size_t len = sizeof(secret);
    uint32_t id = 0;
    KM_FUZZ_CHECK(rig_create(&fuzz_client.session, &wish, &id) == TEE_SUCCESS);
    KM_FUZZ_CHECK(rig_out(&fuzz_client.session, KM_CRYPTO_CMD_TELL_PRIVATE, id, 0, secret, &len) ==
                  TEE_SUCCESS);
    return id;
}

static void check(void)
{
    const void *all = fuzz_client.memory;
    KM_FUZZ_CHECK(memmem(all, sizeof(fuzz_client.memory), secret, 12) == NULL);
    KM_FUZZ_CHECK(memmem(all, sizeof(fuzz_client.memory), secret + 16, 12) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    (void)fuzz_client_first();
    if (!fuzz_client_open(&rd))
        return 0;
    fuzz_client.ids[0] = secret_key();
    fuzz_client_run(&rd, KM_CRYPTO_CMD_TELL_PRIVATE, check);
    return 0;
}

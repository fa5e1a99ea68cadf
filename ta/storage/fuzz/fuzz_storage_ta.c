/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole application with a client that sends anything (ta_client.h): a panic is a crash, and so is an answer that holds what
 * another user or a password protects. Files stay for later runs.
 */
#include <unistd.h>

#include "fuzz/ta_client.h"
#include "tests/unit/storage_rig.h"

#define SECRET_LEN 24u

/* Another user's contents, and this one's under a password that is in no input. */
static uint8_t private[SECRET_LEN], locked[SECRET_LEN];

static void put(uint32_t uid, const char *password, uint8_t contents[SECRET_LEN])
{
    struct rig_session session = {0};
    KM_FUZZ_CHECK(getentropy(contents, SECRET_LEN) == 0);
    rig_open(&session, uid, false);
    KM_FUZZ_CHECK(srig_put(&session, "protected", password, contents, SECRET_LEN) == TEE_SUCCESS);
    rig_close(&session);
}

static void at_once(void)
{
    /* Nobody waits for anybody here. */
}

static void once(void)
{
    if (!fuzz_client_first())
        return;
    rig_host.waited = at_once;
    put(2000, NULL, private);
    put(1000, "a password that is in no input", locked);
}

/* Not memmem, whose arguments the fuzzer would see and put into files of its own. */
__attribute__((no_sanitize("coverage"))) static bool shows(const uint8_t secret[SECRET_LEN])
{
    const uint8_t *all = fuzz_client.memory[0];
    for (size_t at = 0; at + SECRET_LEN <= sizeof(fuzz_client.memory); at++) {
        size_t n = 0;
        while (n < SECRET_LEN && all[at + n] == secret[n])
            n++;
        if (n == SECRET_LEN)
            return true;
    }
    return false;
}

static void check(void)
{
    KM_FUZZ_CHECK(!shows(private));
    KM_FUZZ_CHECK(!shows(locked));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    once();
    if (fuzz_client_open(&rd))
        fuzz_client_run(&rd, 0, check);
    return 0;
}

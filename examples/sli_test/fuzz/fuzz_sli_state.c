/* SPDX-License-Identifier: Apache-2.0 */
/* What a cloud says of a shadow: what is understood can be asked for again in a request, and reads the same there. */
#include <string.h>

#include "common/km_bytes.h"
#include "examples/sli_test/state.h"
#include "fuzz/km_fuzz.h"

static void check_led(int led)
{
    KM_FUZZ_CHECK(led >= -1 && led <= 1);
}

static void check_again(const struct state_answer *answer)
{
    struct state_answer again = {0};
    char *text =
        state_update("reported", json_pack("{s:i}", STATE_LED, answer->reported), answer->token);
    KM_FUZZ_CHECK(text != NULL && state_parse(text, strlen(text), &again) == 0);
    KM_FUZZ_CHECK(again.reported == answer->reported && again.desired == -1 && again.delta == -1);
    KM_FUZZ_CHECK(strcmp(again.token, answer->token) == 0 && again.code == 0 &&
                  again.version == -1);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state_answer answer = {0};
    /* Of exactly that length, so that a read beyond it is seen. */
    char *json = malloc(size);
    km_copy(json, size, data, size);
    if (state_parse(json, size, &answer) == 0) {
        check_led(answer.desired);
        check_led(answer.reported);
        check_led(answer.delta);
        KM_FUZZ_CHECK(answer.code >= 0 && answer.code <= 999);
        for (const char *c = answer.message; *c != '\0'; c++)
            KM_FUZZ_CHECK(*c >= 0x20 && *c < 0x7f);
        check_again(&answer);
    }
    free(json);
    return 0;
}

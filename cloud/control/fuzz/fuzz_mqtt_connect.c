/* SPDX-License-Identifier: Apache-2.0 */
/* A CONNECT that was introduced is one, whole, whose last word is the name that was put in; introduced again it stays what it is. */
#include <string.h>

#include "cloud/control/mqtt_connect.h"
#include "fuzz/km_fuzz.h"

#define USER "AKIDEXAMPLE000000001 192.0.2.1"

static uint8_t once[KM_MQTT_CONNECT_ROOM];
static uint8_t twice[KM_MQTT_CONNECT_ROOM];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice first = {0};
    struct km_slice second = {0};
    size_t used = 0;
    struct km_wr wr = km_wr_init(once, sizeof(once));
    struct km_wr again = km_wr_init(twice, sizeof(twice));
    enum km_mqtt_first found =
        km_mqtt_introduce(KM_SLICE(data, size), KM_SLICE_STR(USER), &wr, &used);
    KM_FUZZ_CHECK(km_wr_finish(&wr, &first));
    KM_FUZZ_CHECK((found == KM_MQTT_CONNECT) == (first.len > 0));
    if (found != KM_MQTT_CONNECT)
        return 0;
    KM_FUZZ_CHECK(used <= size && first.len > sizeof(USER));
    KM_FUZZ_CHECK(
        km_slice_equal(KM_SLICE(first.ptr + first.len - (sizeof(USER) - 1), sizeof(USER) - 1),
                       KM_SLICE_STR(USER)));
    KM_FUZZ_CHECK(km_mqtt_introduce(first, KM_SLICE_STR(USER), &again, &used) == KM_MQTT_CONNECT);
    KM_FUZZ_CHECK(km_wr_finish(&again, &second) && used == first.len);
    KM_FUZZ_CHECK(km_slice_equal(first, second));
    return 0;
}

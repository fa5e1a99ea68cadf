/* SPDX-License-Identifier: Apache-2.0 */
/* Stored metadata: whatever is accepted is written again as the same octets. */
#include "tee/runtime/object.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_rt_object *object = km_rt_object_new(NULL, 0);
    struct km_rt_object *header = km_rt_object_new(NULL, 0);
    if (object == NULL || header == NULL)
        abort();
    km_status status = km_rt_meta_read(KM_SLICE(data, size), object, false);
    if (status == KM_OK) {
        size_t len = km_rt_meta_len(object);
        uint8_t *again = malloc(len);
        if (again == NULL || !km_rt_meta_write(object, KM_SPAN(again, len)) ||
            !km_slice_equal(KM_SLICE(again, len), KM_SLICE(data, size)))
            abort();
        free(again);
        /* the short reading of an enumerator sees the same object */
        if (km_rt_meta_read(KM_SLICE(data, size), header, true) != KM_OK ||
            header->bits != object->bits || header->usage != object->usage)
            abort();
    }
    km_rt_object_free(object);
    km_rt_object_free(header);
    return 0;
}

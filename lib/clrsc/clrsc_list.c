/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the certificate application, page by page. */
#include <stdlib.h>

#include "lib/clrsc/clrsc_internal.h"

#define LIST_MAX ((size_t)1 << 20)

static ClrcResult make_room(struct clrsc_listing *list)
{
    if (list->room - list->len >= KM_CERTS_LIST_MAX)
        return CLRC_SUCCESS;
    size_t wanted = list->room == 0 ? KM_CERTS_LIST_MAX : 2 * list->room;
    if (wanted > LIST_MAX)
        return clrsc_fail(list->function, CLRC_ERROR_TOO_LARGE, NULL,
                          "the list is longer than 1 MiB");
    uint8_t *grown = realloc(list->octets, wanted);
    if (grown == NULL)
        return clrsc_fail(list->function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    list->octets = grown;
    list->room = wanted;
    return CLRC_SUCCESS;
}

ClrcResult clrsc_list_malformed(const struct clrsc_listing *list)
{
    return clrsc_fail(list->function, CLRC_ERROR_GENERIC, NULL, "the service's list is malformed");
}

static ClrcResult fetch_page(struct clrsc_listing *list, uint32_t *cursor)
{
    ClrcResult result = make_room(list);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrsc_call call = {.function = list->function, .sent.command = list->command};
    km_call_value_inout(&call.sent, 0, *cursor);
    km_call_out(&call.sent, 1, list->octets + list->len, KM_CERTS_LIST_MAX);
    result = clrsc_run(&call);
    if (result != CLRC_SUCCESS)
        return result;
    size_t len = call.sent.op.params[1].tmpref.size;
    uint32_t next = call.sent.op.params[0].value.a;
    if (len > KM_CERTS_LIST_MAX || (next != 0 && next <= *cursor))
        return clrsc_list_malformed(list);
    list->len += len;
    *cursor = next;
    return CLRC_SUCCESS;
}

ClrcResult clrsc_list(struct clrsc_listing *list)
{
    uint32_t cursor = 0;
    ClrcResult result = fetch_page(list, &cursor);
    while (result == CLRC_SUCCESS && cursor != 0)
        result = fetch_page(list, &cursor);
    return result;
}

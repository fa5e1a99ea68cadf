/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/vector_ops.h"

#include <string.h>

#define BIT(field) (1u << (field))

/* What a line must bring; a key's parts are the API's to miss. */
static const struct {
    const char *name;
    uint32_t fields;
} OPS[VEC_N_OPS] = {
    [VEC_OP_SUPPORTED] = {"supported", 0},
    [VEC_OP_DIGEST] = {"digest", BIT(VEC_IN)},
    [VEC_OP_MAC] = {"mac", BIT(VEC_KEY) | BIT(VEC_IN)},
    [VEC_OP_MAC_VERIFY] = {"macverify", BIT(VEC_KEY) | BIT(VEC_IN) | BIT(VEC_TAG)},
    [VEC_OP_ENCRYPT] = {"encrypt", BIT(VEC_KEY) | BIT(VEC_IN)},
    [VEC_OP_DECRYPT] = {"decrypt", BIT(VEC_KEY) | BIT(VEC_IN)},
    [VEC_OP_SEAL] = {"seal", BIT(VEC_KEY) | BIT(VEC_IV) | BIT(VEC_AAD) | BIT(VEC_IN)},
    [VEC_OP_OPEN] = {"open",
                     BIT(VEC_KEY) | BIT(VEC_IV) | BIT(VEC_AAD) | BIT(VEC_IN) | BIT(VEC_TAG)},
    [VEC_OP_SIGN] = {"sign", BIT(VEC_IN)},
    [VEC_OP_VERIFY] = {"verify", BIT(VEC_IN) | BIT(VEC_SIG)},
    [VEC_OP_PUBLIC_ENCRYPT] = {"pencrypt", BIT(VEC_IN)},
    [VEC_OP_PRIVATE_DECRYPT] = {"pdecrypt", BIT(VEC_IN)},
    [VEC_OP_AGREE] = {"agree", BIT(VEC_PEER_Y)},
    [VEC_OP_DERIVE] = {"derive", BIT(VEC_KEY)},
    [VEC_OP_KEY] = {"key", 0},
};

static bool has_all(const struct vec_request *request, uint32_t fields)
{
    for (unsigned i = 0; i < VEC_N_FIELDS; i++) {
        if ((fields & BIT(i)) != 0 && request->field[i].ptr == NULL)
            return false;
    }
    return true;
}

void vec_serve(const struct vec_api *api, char *line, struct vec_reply *reply)
{
    struct vec_request request;
    vec_reply_word(reply, "malformed");
    if (!vec_request_parse(line, &request))
        return;
    for (unsigned i = 0; i < VEC_N_OPS; i++) {
        if (strcmp(OPS[i].name, request.op) == 0 && has_all(&request, OPS[i].fields)) {
            api->handler[i](&request, reply);
            return;
        }
    }
}

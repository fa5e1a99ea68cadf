/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of mechanisms, as a program gives them: whatever stands there is taken or refused, and nothing is read but what the
 * parameter's own lengths name. Pointers in them lead to memory of just that length, so that one octet more is seen. And templates in
 * attributes: what is kept of one comes back as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "interop/pkcs11/op.h"

/* Memory of exactly this length, so that the sanitizer sees what is beyond it. */
static void *exactly(struct km_slice octets)
{
    uint8_t *copy = malloc(octets.len == 0 ? 1 : octets.len);
    if (copy != NULL)
        km_copy(copy, octets.len, octets.ptr, octets.len);
    return copy;
}

static void cipher(struct km_rd *rd)
{
    struct km_p11_op op = {0};
    struct km_p11_key key = {.info = {.type = KEY_RSA_KEYPAIR, .bits = 2048}};
    uint8_t which = 0;
    struct km_slice octets = {0};
    if (!km_rd_u8(rd, &which) || !km_rd_bytes(rd, km_rd_left(rd), &octets))
        return;
    op.mechanism = km_p11_mechanism_at(which % km_p11_n_mechanisms());
    op.key = &key;
    void *parameter = exactly(octets);
    CK_MECHANISM mechanism = {op.mechanism->type, parameter, octets.len};
    /* Structures have pointers of the input's making in them; what has none is given as it is. */
    bool is_flat = op.mechanism->family == KM_P11_CIPHER ||
                   op.mechanism->family == KM_P11_CIPHER_PAD ||
                   op.mechanism->family == KM_P11_CIPHER_WHOLE ||
                   op.mechanism->family == KM_P11_CTS || op.mechanism->family == KM_P11_CIPHER_CTR;
    if (is_flat && km_p11_cipher_parameters(&op, &mechanism) == CKR_OK)
        KM_FUZZ_CHECK(op.iv_len <= KM_P11_IV_MAX && op.blocks_left != 0);
    free(parameter);
}

/* One attribute after the other of the input, at most eight; false when there is none. */
static CK_ULONG attributes(struct km_rd *rd, CK_ATTRIBUTE at[8])
{
    CK_ULONG n = 0;
    uint32_t type = 0;
    struct km_slice value = {0};
    while (n < 8 && km_rd_u32le(rd, &type) && km_rd_blob32le(rd, 300, &value))
        at[n++] = (CK_ATTRIBUTE){type, exactly(value), value.len};
    return n;
}

static void array(struct km_rd *rd)
{
    CK_ATTRIBUTE at[8] = {{0}};
    CK_ATTRIBUTE back[8] = {{0}};
    CK_ULONG n = attributes(rd, at);
    CK_ATTRIBUTE outer = {CKA_WRAP_TEMPLATE, at, n * sizeof(*at)};
    struct km_p11_list list = {0};
    struct km_slice kept = {0};
    if (km_p11_array_keep(&outer, &list) == CKR_OK) {
        CK_ATTRIBUTE given = {CKA_WRAP_TEMPLATE, back, sizeof(back)};
        struct km_p11_merged merged = {0};
        KM_FUZZ_CHECK(km_p11_list_find(&list, CKA_WRAP_TEMPLATE, &kept));
        KM_FUZZ_CHECK(km_p11_array_give(kept, &given) == CKR_OK);
        KM_FUZZ_CHECK(given.ulValueLen == n * sizeof(*at));
        for (CK_ULONG i = 0; i < n; i++)
            KM_FUZZ_CHECK(back[i].type == at[i].type && back[i].ulValueLen == at[i].ulValueLen);
        /* Behind itself it adds nothing and contradicts nothing. */
        KM_FUZZ_CHECK(km_p11_merge(at, n, kept, &merged) == CKR_OK && merged.n == n);
        km_p11_merged_clear(&merged);
    }
    km_p11_list_clear(&list);
    for (CK_ULONG i = 0; i < n; i++)
        free(at[i].pValue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_rd rd = km_rd_init(KM_SLICE(data, size));
    uint8_t kind = 0;
    if (!km_rd_u8(&rd, &kind))
        return 0;
    if (kind % 2 == 0)
        cipher(&rd);
    else
        array(&rd);
    return 0;
}

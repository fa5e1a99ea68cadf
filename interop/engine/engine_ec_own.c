/* SPDX-License-Identifier: Apache-2.0 */
/* EC keys of the program's own: taken in when they are first used, or made in the service. */
#include <openssl/bn.h>
#include <openssl/objects.h>

#include "common/km_secret.h"
#include "interop/engine/engine_ec.h"
#include "interop/engine/engine_number.h"

#define DIGEST_MAX 64u

static int slot = -1;

static void *get(const void *object)
{
    return EC_KEY_get_ex_data(object, slot);
}

static int set(void *object, void *own)
{
    return EC_KEY_set_ex_data(object, slot, own);
}

static const struct km_door_curve *curve_of(const EC_KEY *ec)
{
    const EC_GROUP *group = EC_KEY_get0_group(ec);
    const char *name = group == NULL ? NULL : OBJ_nid2sn(EC_GROUP_get_curve_name(group));
    return name == NULL ? NULL : km_door_curve_by_name(name);
}

static void add_point(struct engine_numbers *numbers, const EC_KEY *ec, size_t coord_len)
{
    BIGNUM *x = BN_new();
    BIGNUM *y = BN_new();
    if (x == NULL || y == NULL ||
        !EC_POINT_get_affine_coordinates(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec), x, y,
                                         NULL))
        numbers->overflow = true;
    engine_numbers_add(numbers, CLRC_ATTR_ECC_PUBLIC_VALUE_X, x, coord_len);
    engine_numbers_add(numbers, CLRC_ATTR_ECC_PUBLIC_VALUE_Y, y, coord_len);
    BN_free(x);
    BN_free(y);
}

static struct engine_key *import(const void *object)
{
    const struct km_door_curve *curve = curve_of(object);
    uint32_t bits = curve->bits;
    struct engine_numbers numbers = {.n = 1};
    numbers.values[0] = (ClrcAttributeValue){
        .attribute = CLRC_ATTR_ECC_CURVE, .length = sizeof(bits), .data = &bits};
    add_point(&numbers, object, curve->coord_len);
    engine_numbers_add(&numbers, CLRC_ATTR_ECC_PRIVATE_VALUE, EC_KEY_get0_private_key(object),
                       curve->coord_len);
    struct engine_key *key = engine_numbers_import(&numbers, KEY_EC_DUAL_KEYPAIR, bits);
    engine_numbers_wipe(&numbers);
    return key;
}

static const struct engine_kind kind = {.get = get, .set = set, .import = import};

static int dup_own(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, engine_ex_place place, int index,
                   long argl, void *argp)
{
    void **own = place;
    (void)to;
    (void)from;
    (void)index;
    (void)argl;
    (void)argp;
    *own = engine_own_dup(*own);
    return 1;
}

bool engine_ec_own_prepare(void)
{
    slot = EC_KEY_get_ex_new_index(0, NULL, NULL, dup_own, engine_own_free);
    return slot >= 0;
}

bool engine_ec_own_is_offered(const EC_KEY *ec)
{
    if (curve_of(ec) == NULL)
        return false;
    return engine_own_is(&kind, ec) ||
           (EC_KEY_get0_private_key(ec) != NULL && EC_KEY_get0_public_key(ec) != NULL);
}

/* ---- operations ---- */

struct use {
    struct km_slice in;
    uint8_t *out;
    uint32_t len;
};

static ClrcResult call_sign(ClrcKeyHandle key, void *arg)
{
    struct use *use = arg;
    return clrcSignDigest(key, CLRC_ECDSA, use->in.ptr, (uint32_t)use->in.len, use->out, &use->len);
}

int engine_ec_own_sign(EC_KEY *ec, struct km_slice digest, uint8_t *sig, unsigned *ret_len)
{
    /* The curve takes the leftmost octets, and none has more than 66. */
    if (digest.len > DIGEST_MAX)
        digest.len = DIGEST_MAX;
    struct use use = {
        .in = digest, .out = sig, .len = (uint32_t)km_door_curve_signature_max(curve_of(ec))};
    if (!engine_own_run(&kind, ec, call_sign, &use, "sign"))
        return 0;
    *ret_len = use.len;
    return 1;
}

static ClrcResult call_agree(ClrcKeyHandle key, void *arg)
{
    struct use *use = arg;
    return clrcAgreeRaw(key, use->in.ptr, (uint32_t)use->in.len, use->out, &use->len);
}

int engine_ec_own_agree(EC_KEY *ec, struct km_slice point, struct km_span secret)
{
    struct use use = {.in = point, .out = secret.ptr, .len = (uint32_t)secret.len};
    return engine_own_run(&kind, ec, call_agree, &use, "agree");
}

/* ---- making ---- */

static bool show(EC_KEY *ec, const struct engine_key *key)
{
    BIGNUM *x = engine_number_of(key, CLRC_ATTR_ECC_PUBLIC_VALUE_X);
    BIGNUM *y = engine_number_of(key, CLRC_ATTR_ECC_PUBLIC_VALUE_Y);
    BIGNUM *private =
        engine_hides_private() ? NULL : engine_number_of(key, CLRC_ATTR_ECC_PRIVATE_VALUE);
    bool done = x != NULL && y != NULL && EC_KEY_set_public_key_affine_coordinates(ec, x, y) == 1 &&
                (private == NULL || EC_KEY_set_private_key(ec, private) == 1);
    BN_free(x);
    BN_free(y);
    BN_clear_free(private);
    return done;
}

int engine_ec_own_generate(EC_KEY *ec)
{
    const struct km_door_curve *curve = curve_of(ec);
    struct engine_numbers none = {0};
    KM_AUTO(engine_key_unrefp)
    struct engine_key *key = engine_numbers_create(&none, KEY_EC_DUAL_KEYPAIR, curve->bits);
    if (key == NULL || !show(ec, key))
        return 0;
    return engine_own_attach(&kind, ec, km_steal(&key), EC_KEY_get0_private_key(ec) != NULL);
}

bool engine_ec_own_may_generate(const EC_KEY *ec)
{
    return curve_of(ec) != NULL;
}

void engine_ec_own_forget(EC_KEY *ec)
{
    engine_own_forget(&kind, ec);
}

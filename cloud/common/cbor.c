/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/cbor.h"

#include <cbor.h>
#include <math.h>
#include <stdlib.h>

#include "common/km_secret.h"

#define HEAD_MAX 9 /* octets of an item's head, at most */

/* ---- one item's head ---- */

enum kind {
    ITEM_REFUSED = 0, /* there is no JSON for it */
    ITEM_INTEGER,
    ITEM_REAL,
    ITEM_BOOLEAN,
    ITEM_NULL,
    ITEM_TEXT,
    ITEM_ARRAY,
    ITEM_MAP,
    ITEM_END, /* of a container of indefinite length */
};

struct item {
    enum kind kind;
    json_int_t integer;
    double real;
    bool boolean;
    struct km_slice text;
    size_t n; /* of a container: how many items or pairs it says that it has */
    bool is_indefinite;
};

static void put_unsigned(void *ctx, uint64_t value)
{
    if (value <= INT64_MAX)
        *(struct item *)ctx = (struct item){.kind = ITEM_INTEGER, .integer = (json_int_t)value};
}

/* -1 - value. */
static void put_negative(void *ctx, uint64_t value)
{
    if (value <= INT64_MAX)
        *(struct item *)ctx =
            (struct item){.kind = ITEM_INTEGER, .integer = -1 - (json_int_t)value};
}

static void on_uint8(void *ctx, uint8_t value)
{
    put_unsigned(ctx, value);
}

static void on_uint16(void *ctx, uint16_t value)
{
    put_unsigned(ctx, value);
}

static void on_uint32(void *ctx, uint32_t value)
{
    put_unsigned(ctx, value);
}

static void on_negint8(void *ctx, uint8_t value)
{
    put_negative(ctx, value);
}

static void on_negint16(void *ctx, uint16_t value)
{
    put_negative(ctx, value);
}

static void on_negint32(void *ctx, uint32_t value)
{
    put_negative(ctx, value);
}

static void on_double(void *ctx, double value)
{
    *(struct item *)ctx = (struct item){.kind = ITEM_REAL, .real = value};
}

static void on_float(void *ctx, float value)
{
    on_double(ctx, (double)value);
}

static void on_boolean(void *ctx, bool value)
{
    *(struct item *)ctx = (struct item){.kind = ITEM_BOOLEAN, .boolean = value};
}

static void on_null(void *ctx)
{
    *(struct item *)ctx = (struct item){.kind = ITEM_NULL};
}

static void on_text(void *ctx, const unsigned char *octets, size_t len)
{
    *(struct item *)ctx = (struct item){.kind = ITEM_TEXT, .text = KM_SLICE(octets, len)};
}

static void on_array(void *ctx, size_t n)
{
    *(struct item *)ctx = (struct item){.kind = ITEM_ARRAY, .n = n};
}

static void on_indefinite_array(void *ctx)
{
    *(struct item *)ctx = (struct item){.kind = ITEM_ARRAY, .is_indefinite = true};
}

static void on_map(void *ctx, size_t n)
{
    *(struct item *)ctx = (struct item){.kind = ITEM_MAP, .n = n};
}

static void on_indefinite_map(void *ctx)
{
    *(struct item *)ctx = (struct item){.kind = ITEM_MAP, .is_indefinite = true};
}

static void on_end(void *ctx)
{
    *(struct item *)ctx = (struct item){.kind = ITEM_END};
}

/* What is the library's does nothing: the item stays refused. */
static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = put_unsigned,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = put_negative,
    .byte_string = cbor_null_byte_string_callback,
    .byte_string_start = cbor_null_byte_string_start_callback,
    .string = on_text,
    .string_start = cbor_null_string_start_callback,
    .array_start = on_array,
    .indef_array_start = on_indefinite_array,
    .map_start = on_map,
    .indef_map_start = on_indefinite_map,
    .tag = cbor_null_tag_callback,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = cbor_null_undefined_callback,
    .null = on_null,
    .boolean = on_boolean,
    .indef_break = on_end,
};

static km_status take_item(struct km_err *err, struct km_slice *rest, struct item *ret)
{
    struct item item = {.kind = ITEM_REFUSED};
    const struct cbor_decoder_result result =
        rest->len == 0 ? (struct cbor_decoder_result){.status = CBOR_DECODER_NEDATA}
                       : cbor_stream_decode(rest->ptr, rest->len, &callbacks, &item);
    if (result.status == CBOR_DECODER_NEDATA)
        return KM_FAIL(err, KM_E_MALFORMED, "CBOR ends before it is whole");
    if (result.status != CBOR_DECODER_FINISHED || result.read == 0 || result.read > rest->len)
        return KM_FAIL(err, KM_E_MALFORMED, "no CBOR %zu octets before its end", rest->len);
    if (item.kind == ITEM_REFUSED)
        return KM_FAIL(err, KM_E_MALFORMED, "CBOR has what JSON has not, %zu octets before its end",
                       rest->len);
    *rest = KM_SLICE(rest->ptr + result.read, rest->len - result.read);
    *ret = item;
    return KM_OK;
}

/* ---- a tree of them ---- */

/* A container that is not full yet; its value is its parent's, or the root's. */
struct level {
    json_t *container;
    size_t n_left;
    bool is_indefinite;
    bool has_key;
    struct km_slice key; /* of the value that comes next */
};

struct tree {
    json_t *root; /* owned */
    struct level levels[KM_CBOR_DEPTH_MAX];
    size_t depth;
    unsigned max_depth;
};

static void tree_clear(struct tree *tree)
{
    json_decref(tree->root);
}

static json_t *value_of(const struct item *item)
{
    switch (item->kind) {
    case ITEM_INTEGER:
        return json_integer(item->integer);
    case ITEM_REAL:
        return json_real(item->real);
    case ITEM_BOOLEAN:
        return json_boolean(item->boolean);
    case ITEM_NULL:
        return json_null();
    case ITEM_TEXT:
        return json_stringn((const char *)item->text.ptr, item->text.len);
    case ITEM_ARRAY:
        return json_array();
    case ITEM_MAP:
        return json_object();
    case ITEM_REFUSED:
    case ITEM_END:
        break;
    }
    return NULL;
}

static km_status take_key(struct km_err *err, struct level *level, const struct item *item)
{
    const char *key = (const char *)item->text.ptr;
    if (item->kind != ITEM_TEXT)
        return KM_FAIL(err, KM_E_MALFORMED, "a key of CBOR that is no text");
    if (json_object_getn(level->container, key, item->text.len) != NULL)
        return KM_FAIL(err, KM_E_MALFORMED, "a key of CBOR is given twice");
    level->key = item->text;
    level->has_key = true;
    return KM_OK;
}

/* Takes the value. */
static km_status add(struct km_err *err, struct tree *tree, json_t *value)
{
    int result = 0;
    if (tree->depth == 0) {
        tree->root = value;
        return KM_OK;
    }
    struct level *level = &tree->levels[tree->depth - 1];
    if (json_is_array(level->container))
        result = json_array_append_new(level->container, value);
    else
        result = json_object_setn_new(level->container, (const char *)level->key.ptr,
                                      level->key.len, value);
    level->has_key = false;
    level->n_left -= level->is_indefinite ? 0 : 1;
    return result == 0 ? KM_OK : KM_FAIL(err, KM_E_NOMEM, "CBOR");
}

static km_status open_level(struct km_err *err, struct tree *tree, json_t *container,
                            const struct item *item)
{
    if (tree->depth >= tree->max_depth || tree->depth >= KM_CBOR_DEPTH_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "CBOR is nested deeper than %u levels", tree->max_depth);
    tree->levels[tree->depth++] = (struct level){
        .container = container, .n_left = item->n, .is_indefinite = item->is_indefinite};
    return KM_OK;
}

static km_status take_value(struct km_err *err, struct tree *tree, const struct item *item)
{
    if (item->kind == ITEM_TEXT && !km_utf8_valid(item->text))
        return KM_FAIL(err, KM_E_MALFORMED, "a text of CBOR is not UTF-8, or has a NUL");
    struct level *level = tree->depth > 0 ? &tree->levels[tree->depth - 1] : NULL;
    if (level != NULL && json_is_object(level->container) && !level->has_key)
        return take_key(err, level, item);
    if (item->kind == ITEM_REAL && !isfinite(item->real))
        return KM_FAIL(err, KM_E_MALFORMED, "a number of CBOR is not finite");
    json_t *value = value_of(item);
    if (value == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "CBOR");
    KM_TRY(add(err, tree, value));
    bool is_container = item->kind == ITEM_ARRAY || item->kind == ITEM_MAP;
    return is_container ? open_level(err, tree, value, item) : KM_OK;
}

static km_status take_end(struct km_err *err, struct tree *tree)
{
    const struct level *level = tree->depth > 0 ? &tree->levels[tree->depth - 1] : NULL;
    if (level == NULL || !level->is_indefinite || level->has_key)
        return KM_FAIL(err, KM_E_MALFORMED, "CBOR ends what has no end there");
    tree->depth--;
    return KM_OK;
}

static void close_full(struct tree *tree)
{
    while (tree->depth > 0 && !tree->levels[tree->depth - 1].is_indefinite &&
           tree->levels[tree->depth - 1].n_left == 0)
        tree->depth--;
}

km_status km_cbor_object(struct km_err *err, struct km_slice octets, unsigned max_depth,
                         json_t **ret)
{
    KM_AUTO(tree_clear) struct tree tree = {.max_depth = max_depth};
    struct km_slice rest = octets;
    do {
        struct item item = {.kind = ITEM_REFUSED};
        KM_TRY(take_item(err, &rest, &item));
        KM_TRY(item.kind == ITEM_END ? take_end(err, &tree) : take_value(err, &tree, &item));
        close_full(&tree);
    } while (tree.depth > 0);
    if (rest.len > 0)
        return KM_FAIL(err, KM_E_MALFORMED, "%zu octets behind CBOR", rest.len);
    if (!json_is_object(tree.root))
        return KM_FAIL(err, KM_E_MALFORMED, "CBOR is no map");
    *ret = km_steal(&tree.root);
    return KM_OK;
}

/* ---- written ---- */

static bool write_value(struct km_wr *wr, const json_t *value, unsigned depth);

static void write_text(struct km_wr *wr, const char *text, size_t len)
{
    uint8_t head[HEAD_MAX] = {0};
    km_wr_bytes(wr, KM_SLICE(head, cbor_encode_string_start(len, head, sizeof(head))));
    km_wr_bytes(wr, KM_SLICE(text, len));
}

/* What is no container. */
static size_t head_of(const json_t *value, uint8_t head[HEAD_MAX])
{
    json_int_t number = json_integer_value(value);
    switch (json_typeof(value)) {
    case JSON_INTEGER:
        return number >= 0 ? cbor_encode_uint((uint64_t)number, head, HEAD_MAX)
                           : cbor_encode_negint((uint64_t)(-1 - number), head, HEAD_MAX);
    case JSON_REAL:
        return cbor_encode_double(json_real_value(value), head, HEAD_MAX);
    case JSON_TRUE:
    case JSON_FALSE:
        return cbor_encode_bool(json_is_true(value), head, HEAD_MAX);
    case JSON_NULL:
    case JSON_STRING:
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return cbor_encode_null(head, HEAD_MAX);
}

static bool write_object(struct km_wr *wr, json_t *object, unsigned depth)
{
    uint8_t head[HEAD_MAX] = {0};
    const char *key = NULL;
    size_t key_len = 0;
    json_t *value = NULL;
    km_wr_bytes(
        wr, KM_SLICE(head, cbor_encode_map_start(json_object_size(object), head, sizeof(head))));
    json_object_keylen_foreach(object, key, key_len, value)
    {
        write_text(wr, key, key_len);
        if (!write_value(wr, value, depth + 1))
            return false;
    }
    return true;
}

static bool write_array(struct km_wr *wr, const json_t *array, unsigned depth)
{
    uint8_t head[HEAD_MAX] = {0};
    size_t n = json_array_size(array);
    km_wr_bytes(wr, KM_SLICE(head, cbor_encode_array_start(n, head, sizeof(head))));
    for (size_t i = 0; i < n; i++)
        if (!write_value(wr, json_array_get(array, i), depth + 1))
            return false;
    return true;
}

/* false: too deep. */
static bool write_value(struct km_wr *wr, const json_t *value, unsigned depth)
{
    uint8_t head[HEAD_MAX] = {0};
    if (depth > KM_CBOR_DEPTH_MAX)
        return false;
    if (json_is_object(value))
        return write_object(wr, (json_t *)(uintptr_t)value, depth);
    if (json_is_array(value))
        return write_array(wr, value, depth);
    if (json_is_string(value))
        write_text(wr, json_string_value(value), json_string_length(value));
    else
        km_wr_bytes(wr, KM_SLICE(head, head_of(value, head)));
    return true;
}

static void wipe_room(struct km_span *room)
{
    if (room->ptr != NULL)
        km_wipe(room->ptr, room->len);
    free(room->ptr);
}

km_status km_cbor_print(struct km_err *err, const json_t *value, size_t max,
                        struct km_json_text *ret)
{
    /* It may hold a private key. */
    KM_AUTO(wipe_room) struct km_span room = {.ptr = calloc(max + 1, 1), .len = max};
    struct km_slice written = {0};
    if (room.ptr == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "CBOR of %zu octets", max);
    struct km_wr wr = km_wr_init(room.ptr, room.len);
    bool is_flat = value != NULL && write_value(&wr, value, 0);
    if (!km_wr_finish(&wr, &written) || !is_flat)
        return KM_FAIL(err, KM_E_LIMIT, "CBOR of more than %zu octets, or too deep", max);
    *ret = (struct km_json_text){.ptr = (char *)km_steal(&room.ptr), .len = written.len};
    return KM_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Persistent objects, their data streams and enumerators, and the TA's own clock, over a real store. */
#include "tests/unit/runtime_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RW (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE)
#define META TEE_DATA_FLAG_ACCESS_WRITE_META
#define SHARE (TEE_DATA_FLAG_SHARE_READ | TEE_DATA_FLAG_SHARE_WRITE)

static TEE_Result create(const char *name, uint32_t flags, TEE_ObjectHandle from, const char *data,
                         TEE_ObjectHandle *ret)
{
    return TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, name, strlen(name), flags, from, data,
                                      data != NULL ? strlen(data) : 0, ret);
}

static TEE_Result open_it(const char *name, uint32_t flags, TEE_ObjectHandle *ret)
{
    return TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, name, strlen(name), flags, ret);
}

static void remove_it(const char *name)
{
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    RT_OK(open_it(name, META, &object));
    RT_OK(TEE_CloseAndDeletePersistentObject1(object));
}

static void expect_data(TEE_ObjectHandle object, intmax_t at, const char *want)
{
    char got[64] = {0};
    size_t n = 0;
    RT_OK(TEE_SeekObjectData(object, at, TEE_DATA_SEEK_SET));
    RT_OK(TEE_ReadObjectData(object, got, sizeof(got), &n));
    assert_int_equal(n, strlen(want));
    assert_memory_equal(got, want, n);
}

static void pure_data(void **state)
{
    (void)state;
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_ObjectInfo info;
    RT_OK(create("data", RW | META, TEE_HANDLE_NULL, "hello", &object));
    RT_OK(TEE_GetObjectInfo1(object, &info));
    assert_int_equal(info.objectType, TEE_TYPE_DATA);
    assert_int_equal(info.objectSize, 0);
    assert_int_equal(info.dataSize, 5);
    assert_int_equal(info.dataPosition, 0);
    assert_int_equal(info.handleFlags,
                     TEE_HANDLE_FLAG_PERSISTENT | TEE_HANDLE_FLAG_INITIALIZED | RW | META);
    expect_data(object, 0, "hello");
    RT_OK(TEE_WriteObjectData(object, " world", 6));
    expect_data(object, 0, "hello world");
    RT_OK(TEE_SeekObjectData(object, 6, TEE_DATA_SEEK_SET));
    RT_OK(TEE_WriteObjectData(object, "W", 1));
    expect_data(object, 3, "lo World");
    RT_OK(TEE_TruncateObjectData(object, 4));
    RT_OK(TEE_GetObjectInfo1(object, &info));
    assert_int_equal(info.dataSize, 4);
    assert_int_equal(info.dataPosition, 11); /* stays, beyond the end */
    char byte = 0;
    size_t n = 9;
    RT_OK(TEE_ReadObjectData(object, &byte, 1, &n));
    assert_int_equal(n, 0);
    RT_OK(TEE_SeekObjectData(object, 2, TEE_DATA_SEEK_END));
    RT_OK(TEE_WriteObjectData(object, "x", 1));
    char got[8] = {0};
    RT_OK(TEE_SeekObjectData(object, 0, TEE_DATA_SEEK_SET));
    RT_OK(TEE_ReadObjectData(object, got, sizeof(got), &n));
    assert_int_equal(n, 7);
    assert_memory_equal(got, "hell\0\0x", 7);
    RT_OK(TEE_TruncateObjectData(object, 0));
    RT_OK(TEE_GetObjectInfo1(object, &info));
    assert_int_equal(info.dataSize, 0);
    TEE_CloseAndDeletePersistentObject(object);
    assert_int_equal(open_it("data", RW, &object), TEE_ERROR_ITEM_NOT_FOUND);
    assert_null(object);
}

static void seeking(void **state)
{
    (void)state;
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_ObjectInfo info;
    RT_OK(create("seek", RW | META, TEE_HANDLE_NULL, "0123456789", &object));
    static const struct {
        intmax_t offset;
        uint32_t whence;
        TEE_Result result;
        size_t position;
    } cases[] = {
        {5, TEE_DATA_SEEK_SET, TEE_SUCCESS, 5},
        {-3, TEE_DATA_SEEK_CUR, TEE_SUCCESS, 2},
        {-3, TEE_DATA_SEEK_CUR, TEE_SUCCESS, 0},
        {-4, TEE_DATA_SEEK_END, TEE_SUCCESS, 6},
        {INTMAX_MIN, TEE_DATA_SEEK_END, TEE_SUCCESS, 0},
        {0xFFFFFFFF, TEE_DATA_SEEK_SET, TEE_SUCCESS, 0xFFFFFFFF},
        {1, TEE_DATA_SEEK_CUR, TEE_ERROR_OVERFLOW, 0xFFFFFFFF},
        {INTMAX_MAX, TEE_DATA_SEEK_CUR, TEE_ERROR_OVERFLOW, 0xFFFFFFFF},
        {0xFFFFFFFF, TEE_DATA_SEEK_END, TEE_ERROR_OVERFLOW, 0xFFFFFFFF},
        {0x100000000, TEE_DATA_SEEK_SET, TEE_ERROR_OVERFLOW, 0xFFFFFFFF},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        assert_int_equal(TEE_SeekObjectData(object, cases[i].offset, cases[i].whence),
                         cases[i].result);
        RT_OK(TEE_GetObjectInfo1(object, &info));
        assert_int_equal(info.dataPosition, cases[i].position);
    }
    assert_int_equal(TEE_WriteObjectData(object, "xy", 2), TEE_ERROR_OVERFLOW);
    assert_int_equal(TEE_TruncateObjectData(object, (size_t)1 << 32), TEE_ERROR_OVERFLOW);
    RT_PANICS(RT_BAD, (void)TEE_SeekObjectData(object, 0, 3));
    RT_PANICS(RT_BAD, (void)TEE_SeekObjectData(object, 0, TEE_WHENCE_ILLEGAL_VALUE));
    TEE_CloseObject(object);
    remove_it("seek");
}

/* Larger than any buffer of the runtime, written and read in uneven pieces. */
static void long_stream(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    uint8_t *data = malloc(SIZE);
    uint8_t *back = malloc(SIZE);
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)next_number();
    RT_OK(create("long", RW | META, TEE_HANDLE_NULL, NULL, &object));
    for (size_t at = 0; at < SIZE;) {
        size_t piece = 1 + next_number() % 70000;
        piece = piece > SIZE - at ? SIZE - at : piece;
        RT_OK(TEE_WriteObjectData(object, data + at, piece));
        at += piece;
    }
    TEE_CloseObject(object);
    fixture_reopen_store();
    RT_OK(open_it("long", RW | META, &object));
    size_t at = 0;
    size_t n = 1;
    while (n != 0) {
        RT_OK(TEE_ReadObjectData(object, back + at, at % 2 ? 4097 : 10000, &n));
        at += n;
        if (SIZE - at < 10000)
            break;
    }
    RT_OK(TEE_ReadObjectData(object, back + at, SIZE - at, &n));
    assert_int_equal(at + n, SIZE);
    assert_memory_equal(back, data, SIZE);
    RT_OK(TEE_CloseAndDeletePersistentObject1(object));
    free(data);
    free(back);
}

static void keys_persist(void **state)
{
    (void)state;
    TEE_ObjectHandle pair = ec_generate(TEE_TYPE_ECDSA_KEYPAIR, TEE_ECC_CURVE_NIST_P256, 256);
    TEE_ObjectHandle rsa = TEE_HANDLE_NULL;
    TEE_ObjectHandle stored = TEE_HANDLE_NULL;
    TEE_ObjectInfo info;
    uint8_t x[2][66];
    size_t len = 66;
    RT_OK(TEE_GetObjectBufferAttribute(pair, TEE_ATTR_ECC_PUBLIC_VALUE_X, x[0], &len));
    RT_OK(TEE_RestrictObjectUsage1(pair, TEE_USAGE_SIGN | TEE_USAGE_VERIFY));
    RT_OK(create("ec", META, pair, "note", NULL));
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_RSA_KEYPAIR, 3072, &rsa));
    RT_OK(TEE_GenerateKey(rsa, 2048, NULL, 0));
    RT_OK(create("rsa", META, rsa, NULL, &stored));
    TEE_CloseObject(stored);
    fixture_reopen_store(); /* closes pair and rsa as well */
    RT_PANICS(RT_BAD, TEE_CloseObject(pair));
    RT_OK(open_it("ec", TEE_DATA_FLAG_ACCESS_READ, &stored));
    RT_OK(TEE_GetObjectInfo1(stored, &info));
    assert_int_equal(info.objectType, TEE_TYPE_ECDSA_KEYPAIR);
    assert_int_equal(info.objectUsage, TEE_USAGE_SIGN | TEE_USAGE_VERIFY);
    assert_int_equal(info.objectSize, 256);
    assert_int_equal(info.dataSize, 4);
    len = 66;
    RT_OK(TEE_GetObjectBufferAttribute(stored, TEE_ATTR_ECC_PUBLIC_VALUE_X, x[1], &len));
    assert_memory_equal(x[0], x[1], 32);
    RT_PANICS(RT_DENIED,
              (void)TEE_GetObjectBufferAttribute(stored, TEE_ATTR_ECC_PRIVATE_VALUE, x[1], &len));
    TEE_OperationHandle sign = keyed(TEE_ALG_ECDSA_SHA256, TEE_MODE_SIGN, 256, stored);
    TEE_OperationHandle verify = keyed(TEE_ALG_ECDSA_SHA256, TEE_MODE_VERIFY, 256, stored);
    TEE_CloseObject(stored);
    uint8_t sig[64];
    len = 64;
    RT_OK(TEE_AsymmetricSignDigest(sign, NULL, 0, x[0], 32, sig, &len));
    RT_OK(TEE_AsymmetricVerifyDigest(verify, NULL, 0, x[0], 32, sig, 64));
    TEE_FreeOperation(sign);
    TEE_FreeOperation(verify);
    RT_OK(open_it("rsa", META, &stored));
    RT_OK(TEE_GetObjectInfo1(stored, &info));
    assert_int_equal(info.objectSize, 2048);
    assert_int_equal(info.maxObjectSize, 3072);
    sign = keyed(TEE_ALG_RSASSA_PKCS1_V1_5_SHA256, TEE_MODE_SIGN, 2048, stored);
    TEE_FreeOperation(sign);
    RT_OK(TEE_CloseAndDeletePersistentObject1(stored));
    remove_it("ec");
}

/* Less usage is written down at once, and never comes back. */
static void usage_persists(void **state)
{
    (void)state;
    TEE_ObjectHandle key = secret_object(TEE_TYPE_AES, "0123456789abcdef", 16);
    TEE_ObjectHandle stored = TEE_HANDLE_NULL;
    TEE_ObjectInfo info;
    RT_OK(create("usage", META, key, NULL, &stored));
    RT_OK(TEE_RestrictObjectUsage1(stored, TEE_USAGE_ENCRYPT));
    TEE_CloseObject(stored);
    RT_OK(open_it("usage", META, &stored));
    RT_OK(TEE_GetObjectInfo1(stored, &info));
    assert_int_equal(info.objectUsage, TEE_USAGE_ENCRYPT);
    RT_PANICS(RT_STATE, (void)TEE_GenerateKey(stored, 128, NULL, 0));
    RT_PANICS(RT_STATE, (void)TEE_PopulateTransientObject(stored, NULL, 0));
    RT_PANICS(RT_BAD, TEE_ResetTransientObject(stored));
    RT_PANICS(RT_BAD, TEE_FreeTransientObject(stored));
    RT_PANICS(RT_STATE, (void)TEE_CopyObjectAttributes1(stored, key));
    RT_OK(TEE_CloseAndDeletePersistentObject1(stored));
    TEE_CloseObject(key);
}

static void rights_and_sharing(void **state)
{
    (void)state;
    TEE_ObjectHandle a = TEE_HANDLE_NULL;
    TEE_ObjectHandle b = TEE_HANDLE_NULL;
    char byte = 0;
    size_t n = 0;
    RT_OK(create("share", TEE_DATA_FLAG_ACCESS_READ | SHARE, TEE_HANDLE_NULL, "x", &a));
    RT_PANICS(RT_DENIED, (void)TEE_WriteObjectData(a, "y", 1));
    RT_PANICS(RT_DENIED, (void)TEE_TruncateObjectData(a, 0));
    RT_PANICS(RT_DENIED, (void)TEE_RenamePersistentObject(a, "z", 1));
    RT_PANICS(RT_DENIED, (void)TEE_CloseAndDeletePersistentObject1(a));
    RT_OK(open_it("share", TEE_DATA_FLAG_ACCESS_WRITE | SHARE, &b));
    RT_PANICS(RT_DENIED, (void)TEE_ReadObjectData(b, &byte, 1, &n));
    RT_OK(TEE_WriteObjectData(b, "q", 1));
    RT_OK(TEE_ReadObjectData(a, &byte, 1, &n));
    assert_int_equal(byte, 'q');
    TEE_CloseObject(b);
    assert_int_equal(open_it("share", TEE_DATA_FLAG_ACCESS_READ, &b), TEE_ERROR_ACCESS_CONFLICT);
    assert_int_equal(open_it("share", META, &b), TEE_ERROR_ACCESS_CONFLICT);
    assert_int_equal(create("share", META, TEE_HANDLE_NULL, "n", &b), TEE_ERROR_ACCESS_CONFLICT);
    assert_int_equal(create("share", META | TEE_DATA_FLAG_OVERWRITE, TEE_HANDLE_NULL, "n", &b),
                     TEE_ERROR_ACCESS_CONFLICT);
    TEE_CloseObject(a);
    assert_int_equal(create("share", META, TEE_HANDLE_NULL, "n", &b), TEE_ERROR_ACCESS_CONFLICT);
    RT_OK(create("share", RW | META | TEE_DATA_FLAG_OVERWRITE, TEE_HANDLE_NULL, "new", &b));
    expect_data(b, 0, "new");
    RT_OK(TEE_CloseAndDeletePersistentObject1(b));
    assert_int_equal(open_it("share", 0x8000, &b), RT_BAD);
    assert_int_equal(create("share", 0x8000, TEE_HANDLE_NULL, NULL, &b), RT_BAD);
}

static void renaming(void **state)
{
    (void)state;
    TEE_ObjectHandle a = TEE_HANDLE_NULL;
    RT_OK(create("one", META, TEE_HANDLE_NULL, "1", NULL));
    RT_OK(create("two", RW | META, TEE_HANDLE_NULL, "2", &a));
    assert_int_equal(TEE_RenamePersistentObject(a, "one", 3), TEE_ERROR_ACCESS_CONFLICT);
    RT_OK(TEE_RenamePersistentObject(a, "three", 5));
    expect_data(a, 0, "2");
    TEE_CloseObject(a);
    assert_int_equal(open_it("two", META, &a), TEE_ERROR_ITEM_NOT_FOUND);
    remove_it("three");
    remove_it("one");
}

static void names(void **state)
{
    (void)state;
    TEE_ObjectHandle a = TEE_HANDLE_NULL;
    uint8_t name[65];
    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = (uint8_t)(i * 37);
    RT_OK(TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, name, 64, META, TEE_HANDLE_NULL, NULL, 0,
                                     &a));
    RT_OK(TEE_CloseAndDeletePersistentObject1(a));
    RT_PANICS(RT_BAD, (void)TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, name, 65, META,
                                                       TEE_HANDLE_NULL, NULL, 0, &a));
    RT_PANICS(RT_BAD, (void)TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, NULL, 3, META, &a));
    RT_PANICS(RT_BAD, (void)TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, name, 3, META, NULL));
    assert_int_equal(TEE_OpenPersistentObject(TEE_STORAGE_PROTECTED, name, 3, META, &a),
                     TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(TEE_OpenPersistentObject(0, name, 3, META, &a), TEE_ERROR_ITEM_NOT_FOUND);
    TEE_ObjectHandle empty = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocateTransientObject(TEE_TYPE_AES, 128, &empty));
    RT_PANICS(RT_STATE, (void)create("k", META, empty, NULL, NULL));
    TEE_CloseObject(empty);
}

/* Keymoor's own: data on the way, and which state the storage is in. */
static void enumerating_data(void **state)
{
    (void)state;
    TEE_ObjectEnumHandle e = TEE_HANDLE_NULL;
    uint8_t name[TEE_OBJECT_ID_MAX_LEN];
    uint8_t data[4] = {0};
    uint8_t state_name[2][TEE_KM_STORAGE_STATE_LEN] = {0};
    uint64_t count[2] = {0};
    size_t len = 0;
    size_t size = 0;
    RT_OK(TEE_AllocatePersistentObjectEnumerator(&e));
    assert_int_equal(TEE_KmGetNextObjectData(e, "a", 1, name, &len, data, 4, &size),
                     TEE_ERROR_ITEM_NOT_FOUND); /* not started */
    RT_OK(create("a", META, TEE_HANDLE_NULL, "12", NULL));
    RT_OK(TEE_KmStorageState(TEE_STORAGE_PRIVATE, &count[0], state_name[0]));
    RT_OK(create("bb", META, TEE_HANDLE_NULL, "123456", NULL));
    RT_OK(TEE_KmStorageState(TEE_STORAGE_PRIVATE, &count[1], state_name[1]));
    assert_int_equal(count[1], count[0] + 1);
    assert_memory_not_equal(state_name[0], state_name[1], TEE_KM_STORAGE_STATE_LEN);
    assert_int_equal(TEE_KmStorageState(TEE_STORAGE_PERSO, &count[1], state_name[1]),
                     TEE_ERROR_ITEM_NOT_FOUND);
    RT_OK(TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PRIVATE));
    RT_OK(TEE_KmGetNextObjectData(e, "ab", 2, name, &len, data, 4, &size));
    assert_int_equal(len, 1);
    assert_int_equal(size, 2);
    assert_memory_equal(data, "12", 2);
    RT_OK(TEE_KmGetNextObjectData(e, "b", 1, name, &len, data, 4, &size));
    assert_int_equal(len, 2);
    assert_int_equal(size, 6); /* of which there was room for four */
    assert_memory_equal(data, "1234", 4);
    assert_int_equal(TEE_KmGetNextObjectData(e, "ab", 2, name, &len, data, 4, &size),
                     TEE_ERROR_ITEM_NOT_FOUND);
    /* Mixed with the standard's own call: what that one looked at ahead is not lost. */
    RT_OK(TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PRIVATE));
    RT_OK(TEE_GetNextPersistentObject(e, NULL, name, &len));
    RT_OK(TEE_KmGetNextObjectData(e, "ab", 2, name, &len, data, 4, &size));
    assert_int_equal(len, 2);
    assert_int_equal(TEE_GetNextPersistentObject(e, NULL, name, &len), TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(TEE_KmGetNextObjectData(e, "ab", 2, name, &len, data, 4, &size),
                     TEE_ERROR_ITEM_NOT_FOUND);
    TEE_FreePersistentObjectEnumerator(e);
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    RT_OK(open_it("a", META, &object));
    RT_OK(TEE_CloseAndDeletePersistentObject1(object));
    RT_OK(open_it("bb", META, &object));
    RT_OK(TEE_CloseAndDeletePersistentObject1(object));
}

static void enumerating(void **state)
{
    (void)state;
    TEE_ObjectEnumHandle e = TEE_HANDLE_NULL;
    TEE_ObjectInfo info;
    uint8_t name[TEE_OBJECT_ID_MAX_LEN];
    size_t len = 0;
    unsigned seen = 0;
    TEE_Time set = {.seconds = 5};
    TEE_Time got = {.seconds = 7};
    assert_int_equal(TEE_GetTAPersistentTime(&got), TEE_ERROR_TIME_NOT_SET);
    assert_int_equal(got.seconds, 0);
    RT_OK(TEE_AllocatePersistentObjectEnumerator(&e));
    RT_OK(TEE_SetTAPersistentTime(&set)); /* kept in the same store, not seen here */
    assert_int_equal(TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PRIVATE),
                     TEE_ERROR_ITEM_NOT_FOUND);
    assert_int_equal(TEE_GetNextPersistentObject(e, &info, name, &len), TEE_ERROR_ITEM_NOT_FOUND);
    TEE_ObjectHandle key = secret_object(TEE_TYPE_AES, "0123456789abcdef", 16);
    RT_OK(create("a", META, key, NULL, NULL));
    RT_OK(create("bb", META, TEE_HANDLE_NULL, "12", NULL));
    RT_OK(create("ccc", META, TEE_HANDLE_NULL, "123", NULL));
    assert_int_equal(TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PERSO),
                     TEE_ERROR_ITEM_NOT_FOUND);
    for (int round = 0; round < 2; round++) {
        seen = 0;
        RT_OK(TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PRIVATE));
        while (TEE_GetNextPersistentObject(e, round == 0 ? &info : NULL, name, &len) ==
               TEE_SUCCESS) {
            assert_in_range(len, 1, 3);
            assert_int_equal(name[0], 'a' + (int)len - 1);
            seen |= 1u << len;
            if (round == 1)
                continue;
            assert_int_equal(info.dataSize, len == 1 ? 0 : len);
            assert_int_equal(info.objectType, len == 1 ? TEE_TYPE_AES : TEE_TYPE_DATA);
            assert_int_equal(info.objectSize, len == 1 ? 128 : 0);
            assert_int_equal(info.handleFlags,
                             TEE_HANDLE_FLAG_PERSISTENT | TEE_HANDLE_FLAG_INITIALIZED);
        }
        assert_int_equal(seen, 2 | 4 | 8);
    }
    RT_OK(TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PRIVATE));
    TEE_ResetPersistentObjectEnumerator(e);
    assert_int_equal(TEE_GetNextPersistentObject(e, &info, name, &len), TEE_ERROR_ITEM_NOT_FOUND);
    RT_PANICS(RT_BAD, (void)TEE_GetNextPersistentObject(e, &info, NULL, &len));
    TEE_FreePersistentObjectEnumerator(e);
    RT_PANICS(RT_BAD, TEE_FreePersistentObjectEnumerator(e));
    RT_PANICS(RT_BAD, (void)TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PRIVATE));
    TEE_FreePersistentObjectEnumerator(TEE_HANDLE_NULL);
    TEE_ResetPersistentObjectEnumerator(TEE_HANDLE_NULL);
    TEE_CloseObject(key);
    remove_it("a");
    remove_it("bb");
    remove_it("ccc");
}

/* A name of no octets is one, with or without an address. */
static void empty_name(void **state)
{
    (void)state;
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    TEE_ObjectHandle other = TEE_HANDLE_NULL;
    TEE_ObjectEnumHandle e = TEE_HANDLE_NULL;
    uint8_t name[TEE_OBJECT_ID_MAX_LEN];
    size_t len = 7;
    RT_OK(create("", RW | META, TEE_HANDLE_NULL, "nameless", &object));
    assert_int_equal(TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, NULL, 0, RW, TEE_HANDLE_NULL,
                                                NULL, 0, &other),
                     TEE_ERROR_ACCESS_CONFLICT);
    TEE_CloseObject(object);
    RT_OK(TEE_AllocatePersistentObjectEnumerator(&e));
    RT_OK(TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PRIVATE));
    RT_OK(TEE_GetNextPersistentObject(e, NULL, name, &len));
    assert_int_equal(len, 0);
    assert_int_equal(TEE_GetNextPersistentObject(e, NULL, name, &len), TEE_ERROR_ITEM_NOT_FOUND);
    TEE_FreePersistentObjectEnumerator(e);
    RT_OK(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, NULL, 0, RW | META, &object));
    expect_data(object, 0, "nameless");
    RT_OK(TEE_RenamePersistentObject(object, "named", 5));
    assert_int_equal(open_it("", RW, &other), TEE_ERROR_ITEM_NOT_FOUND);
    RT_OK(TEE_RenamePersistentObject(object, NULL, 0));
    assert_int_equal(open_it("named", RW, &other), TEE_ERROR_ITEM_NOT_FOUND);
    TEE_CloseObject(object);
    fixture_reopen_store();
    RT_OK(open_it("", RW | META, &object));
    expect_data(object, 0, "nameless");
    RT_OK(TEE_CloseAndDeletePersistentObject1(object));
    assert_int_equal(open_it("", RW, &object), TEE_ERROR_ITEM_NOT_FOUND);
    RT_PANICS(RT_BAD, (void)TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, NULL, 1, RW, &object));
}

static uint8_t from_client[4] = "name";

static TEE_Result names_from_client(uint32_t types, TEE_Param params[4])
{
    (void)types;
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    void *id = params[0].memref.buffer;
    RT_PANICS(RT_BAD, (void)TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, id, 4, META,
                                                       TEE_HANDLE_NULL, NULL, 0, &object));
    RT_PANICS(RT_BAD, (void)TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, id, 4, META, &object));
    RT_OK(create("own", META, TEE_HANDLE_NULL, NULL, &object));
    RT_PANICS(RT_BAD, (void)TEE_RenamePersistentObject(object, id, 4));
    RT_OK(TEE_CloseAndDeletePersistentObject1(object));
    return TEE_SUCCESS;
}

/* An identifier that lies in a parameter of the call, small as it is. */
static void name_of_the_client(void **state)
{
    (void)state;
    struct km_rt_client client = {.login = TEE_LOGIN_PUBLIC};
    struct km_lane_call call = {
        .params = {{.type = KM_PARAM_MEM_IN, .buffer = from_client, .size = sizeof(from_client)}}};
    fake.invoke = names_from_client;
    RT_OK(km_rt_invoke(&client, &fake, &call));
    fake.invoke = NULL;
}

static void persistent_time(void **state)
{
    (void)state;
    TEE_Time set = {.seconds = 1000, .millis = 500};
    TEE_Time got = {.seconds = 1};
    RT_OK(TEE_SetTAPersistentTime(&set));
    RT_OK(TEE_GetTAPersistentTime(&got));
    assert_in_range(got.seconds, 1000, 1060);
    fixture_reopen_store();
    RT_OK(TEE_GetTAPersistentTime(&got));
    assert_in_range(got.seconds, 1000, 1060);
    set.seconds = 0xffffffffu;
    set.millis = 999;
    RT_OK(TEE_SetTAPersistentTime(&set));
    RT_OK(TEE_Wait(2));
    assert_int_equal(TEE_GetTAPersistentTime(&got), TEE_ERROR_OVERFLOW);
    set.millis = 1000;
    RT_PANICS(RT_BAD, (void)TEE_SetTAPersistentTime(&set));
    RT_PANICS(RT_BAD, (void)TEE_GetTAPersistentTime(NULL));
}

static void clocks(void **state)
{
    (void)state;
    TEE_Time a;
    TEE_Time b;
    TEE_Time ree;
    TEE_GetSystemTime(&a);
    TEE_GetSystemTime(&b);
    assert_true(b.seconds > a.seconds || (b.seconds == a.seconds && b.millis >= a.millis));
    uint32_t before = (uint32_t)time(NULL);
    TEE_GetREETime(&ree);
    assert_in_range(ree.seconds, before - 2, (uint32_t)time(NULL) + 2);
}

/* Objects that hold what this build never wrote: the sizes and types do not fit, or they are of a later build. */
static void strange_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *meta;
        TEE_Result result;
    } cases[] = {
        {"", TEE_ERROR_CORRUPT_OBJECT},
        {"01bf0000a00000000000000000ffffffff", TEE_ERROR_CORRUPT_OBJECT},     /* cut */
        {"01bf0000a00000000000000000ffffffff0000", TEE_ERROR_CORRUPT_OBJECT}, /* trailing */
        {"01bf0000a00000000000000000ffffffff01", TEE_ERROR_CORRUPT_OBJECT}, /* no such attribute */
        {"02bf0000a00000000000000000ffffffff00", TEE_ERROR_UNSUPPORTED_VERSION},
        {"01450000a10001000000010000ffffffff00", TEE_ERROR_UNSUPPORTED_VERSION}, /* SM2 */
        {"01100000a08000000080000000ffffffff00",
         TEE_ERROR_CORRUPT_OBJECT}, /* a key without its value */
        {"01100000a08000000081000000ffffffff00", TEE_ERROR_CORRUPT_OBJECT}, /* 129 bits */
    };
    TEE_ObjectEnumHandle e = TEE_HANDLE_NULL;
    RT_OK(TEE_AllocatePersistentObjectEnumerator(&e));
    for (size_t i = 0; i < KM_ARRAY_LEN(cases); i++) {
        size_t len = 0;
        const uint8_t *meta = unhex(cases[i].meta, &len);
        struct km_store_object *raw = NULL;
        TEE_ObjectHandle object = TEE_HANDLE_NULL;
        assert_int_equal(km_store_create(NULL, fixture_store(), KM_SLICE("strange", 7), META,
                                         KM_SLICE(meta, len), KM_SLICE(NULL, 0), &raw),
                         KM_OK);
        km_store_object_close(raw);
        assert_int_equal(open_it("strange", META, &object), cases[i].result);
        assert_null(object);
        TEE_ObjectInfo info;
        uint8_t name[TEE_OBJECT_ID_MAX_LEN];
        RT_OK(TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PRIVATE));
        TEE_Result result = TEE_GetNextPersistentObject(e, &info, name, &len);
        if (i != 6) /* a list does not look into the attributes */
            assert_int_equal(result, cases[i].result);
        assert_int_equal(TEE_GetNextPersistentObject(e, &info, name, &len),
                         TEE_ERROR_ITEM_NOT_FOUND);
        assert_int_equal(
            km_store_object_open(NULL, fixture_store(), KM_SLICE("strange", 7), META, &raw), KM_OK);
        assert_int_equal(km_store_object_delete(NULL, raw), KM_OK);
    }
    TEE_FreePersistentObjectEnumerator(e);
}

static bool file_holds(const char *path, const void *needle, size_t len)
{
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    static char buffer[1 << 20];
    size_t n = fread(buffer, 1, sizeof(buffer), file);
    fclose(file);
    return memmem(buffer, n, needle, len) != NULL;
}

/* Neither names nor values nor the runtime's own record reach the disk as they are. */
static void nothing_in_the_clear(void **state)
{
    (void)state;
    TEE_ObjectHandle key = secret_object(TEE_TYPE_AES, "SecretKeyBytes!!", 16);
    RT_OK(create("a-telling-name", META, key, "telling data", NULL));
    TEE_CloseObject(key);
    DIR *dir = opendir(fixture_dir());
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[400];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", fixture_dir(), entry->d_name);
        assert_false(file_holds(path, "a-telling-name", 14));
        assert_false(file_holds(path, "telling data", 12));
        assert_false(file_holds(path, "SecretKeyBytes!!", 16));
        assert_false(file_holds(path, "persistent-time", 15));
    }
    closedir(dir);
    remove_it("a-telling-name");
}

/* A deleted object is out of reach of an older copy at once, not some commits later. */
static void deletion_is_anchored(void **state)
{
    (void)state;
    TEE_ObjectHandle object = TEE_HANDLE_NULL;
    for (unsigned i = 0; i < 3; i++) {
        RT_OK(TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, "anchored", 8,
                                         TEE_DATA_FLAG_ACCESS_WRITE_META, TEE_HANDLE_NULL, "x", 1,
                                         &object));
        unsigned n = fake.n_advanced;
        uint64_t anchor = fake.anchor;
        RT_OK(TEE_CloseAndDeletePersistentObject1(object));
        assert_int_equal(fake.n_advanced, n + 1);
        assert_true(fake.anchor > anchor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(enumerating, fixture_after),
        cmocka_unit_test_teardown(enumerating_data, fixture_after),
        cmocka_unit_test_teardown(pure_data, fixture_after),
        cmocka_unit_test_teardown(seeking, fixture_after),
        cmocka_unit_test_teardown(long_stream, fixture_after),
        cmocka_unit_test_teardown(keys_persist, fixture_after),
        cmocka_unit_test_teardown(usage_persists, fixture_after),
        cmocka_unit_test_teardown(rights_and_sharing, fixture_after),
        cmocka_unit_test_teardown(renaming, fixture_after),
        cmocka_unit_test_teardown(names, fixture_after),
        cmocka_unit_test_teardown(empty_name, fixture_after),
        cmocka_unit_test_teardown(name_of_the_client, fixture_after),
        cmocka_unit_test_teardown(persistent_time, fixture_after),
        cmocka_unit_test_teardown(clocks, fixture_after),
        cmocka_unit_test_teardown(strange_metadata, fixture_after),
        cmocka_unit_test_teardown(nothing_in_the_clear, fixture_after),
        cmocka_unit_test_teardown(deletion_is_anchored, fixture_after),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor key ...: named keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>

#include "common/km_file.h"
#include "common/km_secret.h"
#include "interop/door/door_reference.h"
#include "interop/door/door_uri.h"
#include "keymoor.h"

#define KEY_FILE_MAX 16384u

static const struct {
    uint32_t bit;
    const char *name;
} usage_names[] = {
    {CLRC_USAGE_ENCRYPT, "encrypt"}, {CLRC_USAGE_DECRYPT, "decrypt"}, {CLRC_USAGE_SIGN, "sign"},
    {CLRC_USAGE_VERIFY, "verify"},   {CLRC_USAGE_MAC, "mac"},         {CLRC_USAGE_DERIVE, "derive"},
    {CLRC_USAGE_WRAP, "wrap"},       {CLRC_USAGE_UNWRAP, "unwrap"},
};

static cJSON *info_to_json(const ClrcKeyInfo *info)
{
    cJSON *json = cJSON_CreateObject();
    char id[2 * sizeof info->id + 1] = {0};
    km_hex(KM_SLICE(info->id, sizeof info->id), id, sizeof id);
    cJSON_AddStringToObject(json, "name", info->name);
    cJSON_AddStringToObject(json, "type", clrcKeyTypeName(info->type));
    cJSON_AddNumberToObject(json, "bits", info->bits);
    cJSON_AddStringToObject(json, "id", id);
    cJSON_AddStringToObject(json, "storage", info->storage);
    cJSON *usage = cJSON_AddArrayToObject(json, "usage");
    for (size_t i = 0; i < KM_ARRAY_LEN(usage_names); i++)
        if ((info->usage & usage_names[i].bit) != 0)
            cJSON_AddItemToArray(usage, cJSON_CreateString(usage_names[i].name));
    cJSON_AddBoolToObject(json, "exportable", (info->attributes & CLRC_ATTR_EXPORT_AS_PLAIN) != 0);
    cJSON_AddBoolToObject(json, "wrappable", (info->attributes & CLRC_ATTR_WRAPPABLE) != 0);
    cJSON_AddBoolToObject(json, "shared", (info->attributes & CLRC_ATTR_SHARED) != 0);
    cJSON_AddBoolToObject(json, "provisioned", info->is_provisioned != 0);
    cJSON_AddBoolToObject(json, "immutable", info->is_immutable != 0);
    cJSON_AddNumberToObject(json, "owner_uid", info->owner_uid);
    if (info->has_password)
        cJSON_AddStringToObject(json, "password", info->password_name);
    if (info->max_uses != 0)
        cJSON_AddNumberToObject(json, "uses_left", (double)info->uses_left);
    if (info->not_after != 0)
        cJSON_AddNumberToObject(json, "not_after", (double)info->not_after);
    return json;
}

static void print_usage(uint32_t usage)
{
    const char *comma = "";
    for (size_t i = 0; i < KM_ARRAY_LEN(usage_names); i++) {
        if ((usage & usage_names[i].bit) == 0)
            continue;
        printf("%s%s", comma, usage_names[i].name);
        comma = ", ";
    }
    printf("\n");
}

static const char *private_part(const ClrcKeyInfo *info)
{
    if ((info->attributes & CLRC_ATTR_EXPORT_AS_PLAIN) != 0)
        return "exportable";
    return (info->attributes & CLRC_ATTR_WRAPPABLE) != 0
               ? "leaves wrapped under a key that never leaves"
               : "never leaves the service";
}

static void print_info(const ClrcKeyInfo *info)
{
    printf("name         %s\n", info->name);
    printf("type         %s, %u bits\n", clrcKeyTypeName(info->type), info->bits);
    printf("lives in     %s\n", info->storage);
    printf("may          ");
    print_usage(info->usage);
    printf("private part %s\n", private_part(info));
    printf("owner        uid %u%s\n", info->owner_uid,
           info->is_provisioned                         ? ", provisioned: every caller may use it"
           : (info->attributes & CLRC_ATTR_SHARED) != 0 ? ", shared with every caller"
                                                        : "");
    if (info->is_immutable)
        printf("immutable    yes\n");
    if (info->has_password)
        printf("password     %s\n", info->password_name);
    if (info->max_uses != 0)
        printf("uses left    %llu of %llu\n", (unsigned long long)info->uses_left,
               (unsigned long long)info->max_uses);
    if (info->not_after != 0) {
        time_t when = (time_t)info->not_after;
        struct tm utc = {0};
        char text[32] = {0};
        if (gmtime_r(&when, &utc) != NULL && strftime(text, sizeof text, "%FT%TZ", &utc) != 0)
            printf("not after    %s\n", text);
    }
}

/* What the listing collects while the library calls back. */
struct listing {
    cJSON *json; /* NULL for the table */
    unsigned n_rows;
};

static int list_row(void *arg, const ClrcKeyInfo *info)
{
    struct listing *listing = arg;
    if (listing->json != NULL) {
        cJSON_AddItemToArray(listing->json, info_to_json(info));
        return 1;
    }
    if (listing->n_rows++ == 0)
        printf("%-36s %-20s %5s  %-5s %s\n", "NAME", "TYPE", "BITS", "IN", "NOTES");
    printf("%-36s %-20s %5u  %-5s %s%s%s\n", info->name, clrcKeyTypeName(info->type), info->bits,
           info->storage, info->is_provisioned ? "provisioned " : "",
           info->has_password ? "password " : "",
           (info->attributes & CLRC_ATTR_EXPORT_AS_PLAIN) != 0 ? "exportable" : "");
    return 1;
}

int cmd_key_list(const struct km_options *options, const char *operand)
{
    (void)operand;
    struct listing listing = {.json = options->json ? cJSON_CreateArray() : NULL};
    ClrcResult result = clrcListNamedKeys(NULL, list_row, &listing);
    if (result != CLRC_SUCCESS) {
        cJSON_Delete(listing.json);
        return fail(result, "key list", NULL);
    }
    if (options->json)
        print_json(listing.json);
    else if (listing.n_rows == 0)
        printf("no keys yet; keymoor key create NAME makes one\n");
    return EXIT_SUCCESS;
}

int cmd_key_show(const struct km_options *options, const char *operand)
{
    ClrcKeyInfo info = {0};
    ClrcResult result = clrcDescribeNamedKey(operand, &info);
    if (result != CLRC_SUCCESS)
        return fail(result, "key show", operand);
    if (options->json)
        print_json(info_to_json(&info));
    else
        print_info(&info);
    return EXIT_SUCCESS;
}

/* Bits of a new key when nobody says. */
static uint64_t usual_bits(ClrcKeyType type)
{
    if (type == KEY_RSA_KEYPAIR || type == KEY_DH_KEYPAIR)
        return 2048;
    if (type == KEY_ED448_KEYPAIR || type == KEY_X448_KEYPAIR)
        return 448;
    return type == KEY_DES3 ? 192 : 256;
}

static bool is_octets(ClrcKeyType type)
{
    return type == KEY_AES || type == KEY_HMAC || type == KEY_GENERIC_SECRET || type == KEY_DES3 ||
           type == KEY_CHACHA20;
}

/* The template that the options describe; says what is wrong with them. */
static bool read_template(const struct km_options *options, bool is_import, ClrcKeyTemplate *ret)
{
    ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR};
    if (options->type != NULL) {
        wish.type = clrcKeyTypeByName(options->type);
        if (wish.type == KEY_NONE) {
            complain("no key type '%s'; for example KEY_ECDSA_KEYPAIR, KEY_RSA_KEYPAIR, KEY_AES",
                     options->type);
            return false;
        }
    }
    uint64_t bits = 0;
    uint64_t usual = is_import ? 0 : usual_bits(wish.type);
    if (!parse_number(options->bits, 1, 16384, usual, &bits) ||
        !parse_number(options->max_uses, 1, UINT64_MAX, 0, &wish.max_uses) ||
        !parse_number(options->not_after, 1, UINT64_MAX, 0, &wish.not_after)) {
        complain("--bits, --max-uses and --not-after take whole numbers");
        return false;
    }
    wish.bits = (uint32_t)bits;
    wish.attributes = (options->exportable ? CLRC_ATTR_EXPORT_AS_PLAIN : 0) |
                      (options->shared ? CLRC_ATTR_SHARED : 0);
    *ret = wish;
    return true;
}

static int save_key(const struct km_options *options, ClrcKeyHandle key, const char *what,
                    const char *name)
{
    ClrcPasswordHandle password = NULL;
    ClrcResult result = open_password(options, &password);
    if (result == CLRC_SUCCESS)
        result = clrcSaveNamedKey(key, name, password);
    clrcFreePassword(password);
    return result == CLRC_SUCCESS ? EXIT_SUCCESS : fail(result, what, name);
}

int cmd_key_create(const struct km_options *options, const char *operand)
{
    ClrcKeyTemplate wish = {0};
    if (!read_template(options, false, &wish))
        return EXIT_USAGE;
    ClrcKeyHandle key = NULL;
    ClrcResult result = clrcCreateKey(&wish, &key);
    if (result != CLRC_SUCCESS)
        return fail(result, "key create", operand);
    int status = save_key(options, key, "key create", operand);
    clrcFreeKey(key);
    return status;
}

int cmd_key_import(const struct km_options *options, const char *operand)
{
    ClrcKeyTemplate wish = {0};
    if (!read_template(options, true, &wish))
        return EXIT_USAGE;
    if (options->in == NULL)
        return complain("key import needs --in FILE");
    struct km_err err = {0};
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    if (km_file_read(&err, AT_FDCWD, options->in, KEY_FILE_MAX, &bytes, &len) != KM_OK)
        return fail_err(&err, "key import");
    bool is_raw = is_octets(wish.type);
    ClrcKeyHandle key = NULL;
    ClrcResult result = is_raw ? clrcImportKeyRaw(&wish, bytes, (uint32_t)len, &key)
                               : clrcImportKeyDer(&wish, bytes, (uint32_t)len, &key);
    km_wipe(bytes, len);
    if (result != CLRC_SUCCESS)
        return fail(result, "key import", operand);
    int status = save_key(options, key, "key import", operand);
    clrcFreeKey(key);
    return status;
}

int cmd_key_delete(const struct km_options *options, const char *operand)
{
    ClrcPasswordHandle password = NULL;
    ClrcResult result = open_password(options, &password);
    if (result == CLRC_SUCCESS)
        result = clrcDeleteNamedKey(operand, password);
    clrcFreePassword(password);
    return result == CLRC_SUCCESS ? EXIT_SUCCESS : fail(result, "key delete", operand);
}

typedef ClrcResult (*export_fn)(ClrcKeyHandle key, uint8_t *data, uint32_t *length);

static int export_key(const struct km_options *options, const char *name, const char *what,
                      const char *pem_label, export_fn export_half)
{
    ClrcPasswordHandle password = NULL;
    ClrcKeyHandle key = NULL;
    ClrcResult result = open_password(options, &password);
    if (result == CLRC_SUCCESS)
        result = clrcLoadNamedKey(name, password, &key);
    uint8_t data[KEY_FILE_MAX] = {0};
    uint32_t length = sizeof data;
    if (result == CLRC_SUCCESS)
        result = export_half(key, data, &length);
    clrcFreeKey(key);
    clrcFreePassword(password);
    int status = result == CLRC_SUCCESS ? write_output(options, pem_label, data, length)
                                        : fail(result, what, name);
    km_wipe(data, sizeof data);
    return status;
}

int cmd_key_export_public(const struct km_options *options, const char *operand)
{
    return export_key(options, operand, "key export-public", "PUBLIC KEY", clrcExportPublicKey);
}

int cmd_key_export(const struct km_options *options, const char *operand)
{
    return export_key(options, operand, "key export", "PRIVATE KEY", clrcExportKey);
}

/* Whoever reads the reference stands in a folder of his own. */
static int take_password_path(const struct km_options *options, struct km_door_uri *uri)
{
    const char *path = options->password_file;
    if (path == NULL)
        return EXIT_SUCCESS;
    size_t len = strlen(path);
    if (path[0] != '/')
        return complain("key reference: the password file goes by its whole path, from /");
    if (len > KM_DOOR_PATH_MAX)
        return complain("key reference: the password file's path is too long");
    km_copy(uri->password_file, sizeof uri->password_file - 1, path, len);
    return EXIT_SUCCESS;
}

int cmd_key_reference(const struct km_options *options, const char *operand)
{
    ClrcKeyInfo info = {0};
    ClrcResult result = clrcDescribeNamedKey(operand, &info);
    if (result != CLRC_SUCCESS)
        return fail(result, "key reference", operand);
    struct km_err err = {0};
    struct km_door_uri uri = {0};
    if (km_door_uri_of_name(&err, operand, &uri) != KM_OK)
        return fail_err(&err, operand);
    uri.kind = KM_DOOR_ANY;
    if (take_password_path(options, &uri) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    uint8_t text[KM_DOOR_URI_MAX] = {0};
    uint8_t der[KM_DOOR_REFERENCE_MAX] = {0};
    struct km_wr text_wr = km_wr_init(text, sizeof text);
    struct km_wr der_wr = km_wr_init(der, sizeof der);
    struct km_slice whole = {0};
    km_door_uri_write(&text_wr, &uri);
    if (!km_wr_finish(&text_wr, &whole))
        return complain("key reference: the name or password path is too long");
    km_door_reference_write(&der_wr, whole);
    if (!km_wr_finish(&der_wr, &whole))
        return complain("key reference: the name or password path is too long");
    struct km_options as_pem = *options;
    as_pem.pem = true;
    return write_output(&as_pem, KM_DOOR_REFERENCE_LABEL, whole.ptr, (uint32_t)whole.len);
}

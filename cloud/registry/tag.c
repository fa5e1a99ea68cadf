/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_tag.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cloud/registry/internal.h"

#define NAME_MAX_OCTETS 128
#define CHARACTER_MAX 4 /* octets of one */
#define RESERVED "aws:"

/* ---- what tags are at ---- */

struct form {
    const char *what;
    const char *exists;
};
static const struct form forms[] = {
    [KM_TAGGED_CA] = {"CA", "SELECT 1 FROM ca WHERE account = ?1 AND id = ?2"},
    [KM_TAGGED_POLICY] = {"policy", "SELECT 1 FROM policy WHERE account = ?1 AND name = ?2"},
    [KM_TAGGED_RULE] = {"rule", "SELECT 1 FROM rule WHERE account = ?1 AND name = ?2"},
    [KM_TAGGED_THING_TYPE] = {"thing type",
                              "SELECT 1 FROM thing_type WHERE account = ?1 AND name = ?2"},
    [KM_TAGGED_GROUP] = {"thing group",
                         "SELECT 1 FROM thing_group WHERE account = ?1 AND name = ?2"},
    [KM_TAGGED_TEMPLATE] = {"template", "SELECT 1 FROM template WHERE account = ?1 AND name = ?2"},
    [KM_TAGGED_FUNCTION] = {"function", "SELECT 1 FROM function WHERE account = ?1 AND name = ?2"},
    [KM_TAGGED_JOB] = {"job", "SELECT 1 FROM job WHERE account = ?1 AND id = ?2"},
    [KM_TAGGED_JOB_TEMPLATE] = {"job template",
                                "SELECT 1 FROM job_template WHERE account = ?1 AND id = ?2"},
    [KM_TAGGED_ROLE_ALIAS] = {"role alias",
                              "SELECT 1 FROM role_alias WHERE account = ?1 AND name = ?2"},
};

static km_status check_resource(struct km_registry *reg, const char *account,
                                const struct km_tagged_resource *resource)
{
    KM_TRY(km_reg_check_account(reg, account));
    if (resource->kind < KM_TAGGED_CA || (size_t)resource->kind >= KM_ARRAY_LEN(forms))
        return KM_REG_FAIL(reg, KM_E_ARG, "nothing of kind %d has tags", (int)resource->kind);
    return km_reg_check_text(reg, "a name of what has tags", resource->name, 1, NAME_MAX_OCTETS);
}

static km_status find(struct km_registry *reg, const char *account,
                      const struct km_tagged_resource *resource)
{
    bool is_there = false;
    const struct form *form = &forms[resource->kind];
    KM_TRY(km_reg_exists(reg, form->exists,
                         KM_VALUES(km_value_text(account), km_value_text(resource->name)),
                         &is_there));
    if (!is_there)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no %s %s", form->what, resource->name);
    return KM_OK;
}

/* ---- what tags are ---- */

static size_t n_characters(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static km_status check_text(struct km_registry *reg, const char *what, const char *text, size_t min,
                            size_t max)
{
    if (text == NULL)
        return KM_REG_FAIL(reg, KM_E_ARG, "%s is missing", what);
    KM_TRY(km_reg_check_text(reg, what, text, min, max * CHARACTER_MAX));
    if (n_characters(text) > max)
        return KM_REG_FAIL(reg, KM_E_ARG, "%s has %zu to %zu characters", what, min, max);
    if (strncasecmp(text, RESERVED, strlen(RESERVED)) == 0)
        return KM_REG_FAIL(reg, KM_E_ARG, "%s does not begin with " RESERVED, what);
    return KM_OK;
}

/* Of what is not ASCII everything is taken: which characters are letters would need a table of Unicode. */
static km_status check_key(struct km_registry *reg, const char *key)
{
    KM_TRY(check_text(reg, "a tag's key", key, 1, KM_TAG_KEY_MAX));
    for (; *key != '\0'; key++) {
        unsigned char octet = (unsigned char)*key;
        if (octet < 0x80 && !isalnum(octet) && strchr(" _.:/=+-@", octet) == NULL)
            return KM_REG_FAIL(reg, KM_E_ARG,
                               "a tag's key has letters, digits, blanks and _.:/=+-@ only");
    }
    return KM_OK;
}

static km_status check_tags(struct km_registry *reg, const struct km_tag *tags, size_t n_tags)
{
    if (n_tags > KM_TAGS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "%zu tags; %d are allowed", n_tags, KM_TAGS_MAX);
    for (size_t i = 0; i < n_tags; i++) {
        KM_TRY(check_key(reg, tags[i].key));
        KM_TRY(check_text(reg, "a tag's value", tags[i].value, 0, KM_TAG_VALUE_MAX));
        for (size_t other = 0; other < i; other++) {
            if (strcmp(tags[other].key, tags[i].key) == 0)
                return KM_REG_FAIL(reg, KM_E_ARG, "a tag is given twice");
        }
    }
    return KM_OK;
}

/* ---- writing ---- */

#define RESOURCE_VALUES(account, resource)                                                         \
    km_value_text(account), km_value_number((resource)->kind), km_value_text((resource)->name)

static km_status add(struct km_registry *reg, const char *account,
                     const struct km_tagged_resource *resource, const struct km_tag *tags,
                     size_t n_tags)
{
    static const char sql[] =
        "INSERT INTO tag (account, kind, owner, name, value) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (account, kind, owner, name) DO UPDATE SET value = excluded.value";
    int64_t n_stored = 0;
    KM_TRY(find(reg, account, resource));
    for (size_t i = 0; i < n_tags; i++)
        KM_TRY(km_reg_run(reg, sql,
                          KM_VALUES(RESOURCE_VALUES(account, resource), km_value_text(tags[i].key),
                                    km_value_text(tags[i].value)),
                          NULL));
    KM_TRY(km_reg_number(reg,
                         "SELECT count(*) FROM tag WHERE account = ?1 AND kind = ?2 AND owner = ?3",
                         KM_VALUES(RESOURCE_VALUES(account, resource)), &n_stored));
    if (n_stored > KM_TAGS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "%s would have %lld tags; %d are allowed",
                           resource->name, (long long)n_stored, KM_TAGS_MAX);
    return KM_OK;
}

km_status km_registry_tags_add(struct km_registry *reg, const char *account,
                               const struct km_tagged_resource *resource, const struct km_tag *tags,
                               size_t n_tags)
{
    km_reg_enter(reg);
    KM_TRY(check_resource(reg, account, resource));
    KM_TRY(check_tags(reg, tags, n_tags));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, add(reg, account, resource, tags, n_tags));
}

static km_status take_away(struct km_registry *reg, const char *account,
                           const struct km_tagged_resource *resource, const char *const *keys,
                           size_t n_keys)
{
    KM_TRY(find(reg, account, resource));
    for (size_t i = 0; i < n_keys; i++)
        KM_TRY(km_reg_run(
            reg, "DELETE FROM tag WHERE account = ?1 AND kind = ?2 AND owner = ?3 AND name = ?4",
            KM_VALUES(RESOURCE_VALUES(account, resource), km_value_text(keys[i])), NULL));
    return KM_OK;
}

km_status km_registry_tags_remove(struct km_registry *reg, const char *account,
                                  const struct km_tagged_resource *resource,
                                  const char *const *keys, size_t n_keys)
{
    km_reg_enter(reg);
    KM_TRY(check_resource(reg, account, resource));
    if (n_keys > KM_TAGS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "%zu keys; %d are allowed", n_keys, KM_TAGS_MAX);
    for (size_t i = 0; i < n_keys; i++)
        KM_TRY(check_key(reg, keys[i]));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, take_away(reg, account, resource, keys, n_keys));
}

km_status km_reg_tags_forget(struct km_registry *reg, const char *account, enum km_tagged kind,
                             const char *name)
{
    const struct km_tagged_resource resource = {kind, name};
    return km_reg_run(reg, "DELETE FROM tag WHERE account = ?1 AND kind = ?2 AND owner = ?3",
                      KM_VALUES(RESOURCE_VALUES(account, &resource)), NULL);
}

/* ---- reading ---- */

static km_status read_tags(struct km_registry *reg, struct km_arena *arena, const char *account,
                           const struct km_tagged_resource *resource, struct km_tag_list *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    size_t n_items = 0;
    struct km_tag *items = km_arena_array(arena, KM_TAGS_MAX, sizeof(*items));
    if (items == NULL)
        return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room for tags");
    KM_TRY(km_reg_query(reg,
                        "SELECT name, value FROM tag WHERE account = ?1 AND kind = ?2"
                        " AND owner = ?3 ORDER BY name",
                        KM_VALUES(RESOURCE_VALUES(account, resource)), &query));
    while (n_items < KM_TAGS_MAX && km_query_next(&query))
        items[n_items++] = (struct km_tag){.key = km_query_text(&query, arena, 0),
                                           .value = km_query_text(&query, arena, 1)};
    KM_TRY(km_query_finish(&query));
    *ret = (struct km_tag_list){.items = items, .n_items = n_items};
    return KM_OK;
}

km_status km_registry_tags_list(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const struct km_tagged_resource *resource,
                                struct km_tag_list *ret)
{
    km_reg_enter(reg);
    KM_TRY(check_resource(reg, account, resource));
    KM_TRY(find(reg, account, resource));
    return read_tags(reg, arena, account, resource, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/common/topic.h"

#include <string.h>

/* ---- checks ---- */

/* What counts for the limits: without the three levels in front of a Basic Ingest topic. */
static struct km_slice counted(struct km_slice topic)
{
    struct km_slice rule = {0};
    struct km_slice rest = {0};
    return km_topic_rule_of(topic, &rule, &rest) ? rest : topic;
}

static size_t n_slashes(struct km_slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '/';
    return n;
}

static enum km_topic_fault check(struct km_slice text)
{
    if (text.len == 0)
        return KM_TOPIC_EMPTY;
    struct km_slice part = counted(text);
    if (part.len > KM_TOPIC_MAX)
        return KM_TOPIC_TOO_LONG;
    if (n_slashes(part) > KM_TOPIC_SLASHES_MAX)
        return KM_TOPIC_TOO_DEEP;
    return km_utf8_valid(text) ? KM_TOPIC_OK : KM_TOPIC_NOT_UTF8;
}

enum km_topic_fault km_topic_name_check(struct km_slice name)
{
    enum km_topic_fault fault = check(name);
    if (fault != KM_TOPIC_OK)
        return fault;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '+' || name.ptr[i] == '#')
            return KM_TOPIC_WILDCARD;
    }
    return KM_TOPIC_OK;
}

/* A wildcard fills its level, and # is in the last one. */
static bool wildcard_stands_well(struct km_slice filter, size_t at)
{
    bool begins = at == 0 || filter.ptr[at - 1] == '/';
    bool is_last = at + 1 == filter.len;
    return begins && (is_last || (filter.ptr[at] == '+' && filter.ptr[at + 1] == '/'));
}

enum km_topic_fault km_topic_filter_check(struct km_slice filter)
{
    enum km_topic_fault fault = check(filter);
    if (fault != KM_TOPIC_OK)
        return fault;
    for (size_t i = 0; i < filter.len; i++) {
        bool is_wildcard = filter.ptr[i] == '+' || filter.ptr[i] == '#';
        if (is_wildcard && !wildcard_stands_well(filter, i))
            return KM_TOPIC_WILDCARD;
    }
    return KM_TOPIC_OK;
}

const char *km_topic_fault_text(enum km_topic_fault fault)
{
    switch (fault) {
    case KM_TOPIC_OK:
        return "good";
    case KM_TOPIC_EMPTY:
        return "empty";
    case KM_TOPIC_TOO_LONG:
        return "longer than 256 octets";
    case KM_TOPIC_TOO_DEEP:
        return "more than 7 slashes";
    case KM_TOPIC_NOT_UTF8:
        return "not UTF-8, or with a NUL";
    case KM_TOPIC_WILDCARD:
        return "a wildcard where none may stand";
    }
    return "unknown";
}

bool km_client_id_check(struct km_slice client_id)
{
    return client_id.len > 0 && client_id.len <= KM_CLIENT_ID_MAX && km_utf8_valid(client_id);
}

/* ---- matching ---- */

/* Takes the next level off *rest; false when there was none. */
static bool next_level(struct km_slice *rest, bool *more, struct km_slice *ret)
{
    if (!*more)
        return false;
    const uint8_t *slash = rest->len > 0 ? memchr(rest->ptr, '/', rest->len) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - rest->ptr) : rest->len;
    *ret = KM_SLICE(rest->ptr, len);
    *more = slash != NULL;
    if (*more)
        *rest = KM_SLICE(slash + 1, rest->len - len - 1);
    return true;
}

static bool level_is(struct km_slice level, char wildcard)
{
    return level.len == 1 && level.ptr[0] == (uint8_t)wildcard;
}

bool km_topic_filter_matches(struct km_slice filter, struct km_slice name)
{
    bool more_filter = true;
    bool more_name = true;
    struct km_slice want = {0};
    struct km_slice have = {0};
    bool begins_with_wildcard = filter.len > 0 && (filter.ptr[0] == '+' || filter.ptr[0] == '#');
    if (begins_with_wildcard && name.len > 0 && name.ptr[0] == '$')
        return false;
    while (next_level(&filter, &more_filter, &want)) {
        if (!next_level(&name, &more_name, &have))
            return false;
        if (level_is(want, '#'))
            return true;
        if (!level_is(want, '+') && !km_slice_equal(want, have))
            return false;
    }
    return !more_name;
}

bool km_topic_rule_of(struct km_slice topic, struct km_slice *ret_rule, struct km_slice *ret_rest)
{
    static const struct km_slice front = {.ptr = (const uint8_t *)KM_TOPIC_BASIC_INGEST,
                                          .len = sizeof(KM_TOPIC_BASIC_INGEST) - 1};
    if (topic.len <= front.len || !km_slice_equal(KM_SLICE(topic.ptr, front.len), front))
        return false;
    struct km_slice tail = KM_SLICE(topic.ptr + front.len, topic.len - front.len);
    const uint8_t *slash = memchr(tail.ptr, '/', tail.len);
    if (slash == NULL || slash == tail.ptr)
        return false;
    size_t rule_len = (size_t)(slash - tail.ptr);
    if (rule_len + 1 == tail.len)
        return false;
    *ret_rule = KM_SLICE(tail.ptr, rule_len);
    *ret_rest = KM_SLICE(slash + 1, tail.len - rule_len - 1);
    return true;
}

/* ---- taken apart ---- */

bool km_topic_skip(struct km_slice *topic, const char *text)
{
    size_t len = strlen(text);
    if (topic->len < len || memcmp(topic->ptr, text, len) != 0)
        return false;
    *topic = KM_SLICE(topic->ptr + len, topic->len - len);
    return true;
}

struct km_slice km_topic_level(struct km_slice *topic)
{
    size_t len = 0;
    while (len < topic->len && topic->ptr[len] != '/')
        len++;
    struct km_slice found = KM_SLICE(topic->ptr, len);
    *topic = KM_SLICE(topic->ptr + len, topic->len - len);
    return found;
}

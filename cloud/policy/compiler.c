/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/policy/compiler.h"

#include <stdio.h>

km_status km_compiler_refuse(struct km_compiler *compiler, km_status status, const char *file,
                             int line, const char *why)
{
    bool is_top = compiler->place.len == 0;
    return km_err_set(compiler->err, status, KM_LAYER_NONE, 0, file, line, "%s: %s",
                      is_top ? "document" : compiler->place.text, why);
}

km_status km_compiler_no_memory(struct km_compiler *compiler)
{
    return km_compiler_refuse(compiler, km_arena_status(compiler->arena), __FILE__, __LINE__,
                              "takes more memory than there is");
}

static void put(struct km_place *place, char c)
{
    if (place->len + 1 < sizeof(place->text))
        place->text[place->len++] = c;
    place->text[place->len] = '\0';
}

void km_compiler_enter(struct km_compiler *compiler, const char *name)
{
    if (compiler->place.len > 0)
        put(&compiler->place, '.');
    for (size_t i = 0; name[i] != '\0' && i < 40; i++)
        put(&compiler->place, name[i] > ' ' && name[i] <= '~' ? name[i] : '?');
}

size_t km_compiler_count(const json_t *list)
{
    return json_is_array(list) ? json_array_size(list) : 1;
}

json_t *km_compiler_element(struct km_compiler *compiler, json_t *list, size_t i)
{
    char text[24] = {0};
    if (!json_is_array(list))
        return list;
    int len = snprintf(text, sizeof(text), "[%zu]", i);
    for (int at = 0; at < len; at++)
        put(&compiler->place, text[at]);
    return json_array_get(list, i);
}

void km_compiler_leave(struct km_compiler *compiler, struct km_place before)
{
    compiler->place = before;
}

struct km_slice km_json_text(const json_t *json)
{
    return KM_SLICE(json_string_value(json), json_string_length(json));
}

struct km_slice km_compiler_keep(struct km_compiler *compiler, struct km_slice text)
{
    return KM_SLICE(km_arena_text(compiler->arena, text), text.len);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/fleet/csv.h"

#include <string.h>

/* A row being taken apart. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t n_lines; /* line ends inside quotes */
    size_t used;      /* of the row's text */
};

struct km_csv km_csv_begin(struct km_slice octets)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    if (octets.len >= sizeof(mark) && memcmp(octets.ptr, mark, sizeof(mark)) == 0)
        octets = KM_SLICE(octets.ptr + sizeof(mark), octets.len - sizeof(mark));
    return (struct km_csv){.rest = octets, .line = 1};
}

static bool put(struct km_csv_row *row, struct cursor *cursor, uint8_t octet)
{
    if (octet == 0 || cursor->used == sizeof(row->text)) {
        row->fault = octet == 0 ? "there is a NUL in it" : "it is longer than 16384 octets";
        return false;
    }
    row->text[cursor->used++] = (char)octet;
    return true;
}

static bool quoted(struct km_csv_row *row, struct cursor *cursor)
{
    for (cursor->at++; cursor->at != cursor->end; cursor->at++) {
        if (*cursor->at == '"') {
            if (cursor->at + 1 == cursor->end || cursor->at[1] != '"') {
                cursor->at++;
                return true;
            }
            cursor->at++;
        }
        cursor->n_lines += *cursor->at == '\n' ? 1 : 0;
        if (!put(row, cursor, *cursor->at))
            return false;
    }
    row->fault = "a quote is not closed";
    return false;
}

static bool is_line_end(const struct cursor *cursor)
{
    return cursor->at == cursor->end || *cursor->at == '\n' ||
           (*cursor->at == '\r' && (cursor->at + 1 == cursor->end || cursor->at[1] == '\n'));
}

static bool plain(struct km_csv_row *row, struct cursor *cursor)
{
    for (; !is_line_end(cursor) && *cursor->at != ','; cursor->at++) {
        if (*cursor->at == '"') {
            row->fault = "a quote stands in the middle of a field";
            return false;
        }
        if (!put(row, cursor, *cursor->at))
            return false;
    }
    return true;
}

static bool one_field(struct km_csv_row *row, struct cursor *cursor)
{
    size_t begin = cursor->used;
    if (row->n == KM_CSV_FIELDS_MAX) {
        row->fault = "it has more than 32 fields";
        return false;
    }
    bool is_quoted = cursor->at != cursor->end && *cursor->at == '"';
    if (!(is_quoted ? quoted(row, cursor) : plain(row, cursor)))
        return false;
    if (!is_line_end(cursor) && *cursor->at != ',') {
        row->fault = "something stands behind a closing quote";
        return false;
    }
    if (cursor->used == sizeof(row->text)) {
        row->fault = "it is longer than 16384 octets";
        return false;
    }
    struct km_slice text = KM_SLICE(row->text + begin, cursor->used - begin);
    if (text.len != 0 && !km_utf8_valid(text)) {
        row->fault = "it is not UTF-8";
        return false;
    }
    row->text[cursor->used++] = '\0';
    row->fields[row->n++] = row->text + begin;
    return true;
}

static bool one_row(struct km_csv_row *row, struct cursor *cursor)
{
    for (;;) {
        if (!one_field(row, cursor))
            return false;
        if (is_line_end(cursor))
            return true;
        cursor->at++; /* the comma */
    }
}

/* Where the line after this place begins. */
static const uint8_t *behind_line(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *found = at == end ? NULL : memchr(at, '\n', (size_t)(end - at));
    return found == NULL ? end : found + 1;
}

static bool is_left_out(struct km_slice rest)
{
    struct cursor cursor = {.at = rest.ptr, .end = rest.ptr + rest.len};
    return *rest.ptr == '#' || is_line_end(&cursor);
}

enum km_csv_result km_csv_next(struct km_csv *csv, struct km_csv_row *row)
{
    while (csv->rest.len != 0 && is_left_out(csv->rest)) {
        const uint8_t *end = csv->rest.ptr + csv->rest.len;
        const uint8_t *next = behind_line(csv->rest.ptr, end);
        csv->rest = KM_SLICE(next, (size_t)(end - next));
        csv->line++;
    }
    row->n = 0;
    row->line = csv->line;
    row->fault = NULL;
    if (csv->rest.len == 0)
        return KM_CSV_END;
    const uint8_t *end = csv->rest.ptr + csv->rest.len;
    struct cursor cursor = {.at = csv->rest.ptr, .end = end};
    bool is_good = one_row(row, &cursor);
    row->raw = KM_SLICE(csv->rest.ptr, (size_t)(cursor.at - csv->rest.ptr));
    const uint8_t *next = behind_line(is_good ? cursor.at : csv->rest.ptr, end);
    csv->line += 1 + (is_good ? cursor.n_lines : 0);
    csv->rest = KM_SLICE(next, (size_t)(end - next));
    return is_good ? KM_CSV_ROW : KM_CSV_BAD;
}

void km_csv_put(struct km_wr *wr, const char *field)
{
    bool must_quote = strpbrk(field, ",\"\r\n") != NULL || field[0] == '#' || field[0] == '\0';
    if (!must_quote) {
        km_wr_bytes(wr, KM_SLICE_STR(field));
        return;
    }
    km_wr_u8(wr, '"');
    for (const char *at = field; *at != '\0'; at++) {
        if (*at == '"')
            km_wr_u8(wr, '"');
        km_wr_u8(wr, (uint8_t)*at);
    }
    km_wr_u8(wr, '"');
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/console/assets.h"

#include <string.h>

/* The linker's own words for "these octets, and where they begin and end": C has none for a file. */
#define ASSET(symbol, file)                                                                        \
    __asm__(".section .rodata\n" #symbol "_begin:\n.incbin \"" WEB_DIR "/" file "\"\n" #symbol     \
            "_end:\n.byte 0\n.previous\n");                                                        \
    extern const uint8_t symbol##_begin[] __attribute__((visibility("hidden")));                   \
    extern const uint8_t symbol##_end[] __attribute__((visibility("hidden")))

ASSET(web_index, "index.html");
ASSET(web_style, "console.css");
ASSET(web_account, "account.js");
ASSET(web_app, "app.js");
ASSET(web_api, "api.js");
ASSET(web_dom, "dom.js");
ASSET(web_file, "file.js");
ASSET(web_list, "list.js");
ASSET(web_live, "live.js");
ASSET(web_register, "register.js");
ASSET(web_cas, "cas.js");
ASSET(web_certificates, "certificates.js");
ASSET(web_things, "things.js");
ASSET(web_events, "events.js");
ASSET(web_mqtt, "mqtt.js");
ASSET(web_icon, "icon.svg");

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

static const struct km_console_asset assets[] = {
    {"", HTML, web_index_begin, web_index_end},
    {"console.css", CSS, web_style_begin, web_style_end},
    {"account.js", SCRIPT, web_account_begin, web_account_end},
    {"app.js", SCRIPT, web_app_begin, web_app_end},
    {"api.js", SCRIPT, web_api_begin, web_api_end},
    {"dom.js", SCRIPT, web_dom_begin, web_dom_end},
    {"file.js", SCRIPT, web_file_begin, web_file_end},
    {"list.js", SCRIPT, web_list_begin, web_list_end},
    {"live.js", SCRIPT, web_live_begin, web_live_end},
    {"register.js", SCRIPT, web_register_begin, web_register_end},
    {"cas.js", SCRIPT, web_cas_begin, web_cas_end},
    {"certificates.js", SCRIPT, web_certificates_begin, web_certificates_end},
    {"things.js", SCRIPT, web_things_begin, web_things_end},
    {"events.js", SCRIPT, web_events_begin, web_events_end},
    {"mqtt.js", SCRIPT, web_mqtt_begin, web_mqtt_end},
    {"icon.svg", "image/svg+xml", web_icon_begin, web_icon_end},
};

const struct km_console_asset *km_console_asset_find(struct km_slice path)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(assets); i++) {
        if (km_slice_equal(path, KM_SLICE_STR(assets[i].path)))
            return &assets[i];
    }
    return NULL;
}

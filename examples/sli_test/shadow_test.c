/* SPDX-License-Identifier: Apache-2.0 */
/* Test 3: the device's shadow is updated. Test 4: it turns an LED on and off, whoever wishes it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys.h"
#include "led.h"
#include "say.h"
#include "shadow.h"
#include "tests.h"

static struct shadow shadow;

/* To be stopped is no failure. */
static int finish(int rc)
{
    if (rc == 0 || mqtt_stop)
        printf("Disconnecting\n");
    shadow_close(&shadow);
    return mqtt_stop ? 0 : rc;
}

static int say_refused(void)
{
    return say_error("the cloud refuses it: %s (%d)", shadow.answer.message, shadow.answer.code);
}

/* ---- test 3 ---- */

static int subscribe_all(void)
{
    /* The first two are as the guide prints them; nothing ever comes there. */
    static const char *const topics[] = {"update/get/accepted", "update/get/rejected",
                                         "update/delta",        "update/documents",
                                         "update/accepted",     "update/rejected"};
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        char topic[SHADOW_TOPIC_MAX] = "";
        shadow_topic(&shadow, topics[i], topic);
        printf("Subscribe: %s\n", topic);
        if (shadow_subscribe(&shadow, topics[i]) != 0)
            return -1;
    }
    return 0;
}

static int update_once(const struct test_wish *wish)
{
    printf("Sleep..\nPublishing...\n");
    if (shadow_update(&shadow, "reported", json_pack("{s:s}", "device", wish->own->device_id)) != 0)
        return -1;
    printf("Shadow published 'update' successfully\n\nYield...\n");
    if (shadow_wait(&shadow) != 0)
        return -1;
    return shadow.answer.code == 0 ? 0 : say_refused();
}

int test_shadow_functional(const struct test_wish *wish)
{
    printf("\nShadow Connect...\n");
    if (shadow_open(&shadow, wish) != 0)
        return finish(-1);
    printf("Subscribing to SHADOW...\n");
    return finish(subscribe_all() == 0 ? update_once(wish) : -1);
}

/* ---- test 4 ---- */

struct interop {
    const char *led;
    int is_on;
    int64_t seen; /* deltas up to this version are done with */
};

static const char *word(int is_on)
{
    return is_on ? "ON" : "OFF";
}

static int update(const char *section, int is_on)
{
    if (shadow_update(&shadow, section, json_pack("{s:i}", STATE_LED, is_on)) != 0 ||
        shadow_wait(&shadow) != 0)
        return -1;
    return shadow.answer.code == 0 ? 0 : say_refused();
}

static void show(const struct interop *now)
{
    printf("Current LED state is: %s\n", word(now->is_on));
}

/* The LED first: what is reported has happened. A wish that came between them makes a delta of the report's own version. */
static int apply(struct interop *now, int is_on)
{
    if (led_set(now->led, is_on) != 0)
        return -1;
    now->is_on = is_on;
    printf("Setting _REPORTED_STATE to: %s\n", word(is_on));
    if (update("reported", is_on) != 0)
        return -1;
    if (shadow.answer.version - 1 > now->seen)
        now->seen = shadow.answer.version - 1;
    show(now);
    return 0;
}

/* What is wished for, else what was reported, else the LED as it is. */
static int start(struct interop *now)
{
    if (shadow_get(&shadow) != 0 || shadow_wait(&shadow) != 0)
        return -1;
    if (shadow.answer.code != 0 && shadow.answer.code != 404)
        return say_refused();
    struct state_answer stored = shadow.answer;
    int known = stored.desired >= 0 ? stored.desired : stored.reported;
    if (stored.code == 404 || known < 0) {
        printf("led_state from shadow : none\n");
        return apply(now, now->is_on);
    }
    now->seen = stored.version;
    printf("led_state from shadow : %d\n", known);
    if (known != now->is_on || stored.reported != known)
        return apply(now, known);
    show(now);
    return 0;
}

static int wish_for(struct interop *now, int is_on)
{
    printf("Setting DESIRED state to: %s\n", word(is_on));
    if (update("desired", is_on) != 0)
        return -1;
    now->seen = shadow.answer.version;
    return apply(now, is_on);
}

/* What the cloud wants meanwhile; 0 also when there is nothing new. */
static int obey(struct interop *now)
{
    struct state_answer delta = shadow.delta;
    shadow.delta.delta = -1;
    if (delta.delta < 0 || delta.version <= now->seen)
        return 0;
    now->seen = delta.version;
    return apply(now, delta.delta);
}

static int has_news(const struct interop *now)
{
    return shadow.delta.delta >= 0 && shadow.delta.version > now->seen;
}

enum { INPUT_LOST = -2, INPUT_END, INPUT_NONE };

/* The key that was pressed; INPUT_END: nobody is there to press any. */
static int key_of(enum mqtt_event event)
{
    if (event == MQTT_LOST)
        return INPUT_LOST;
    if (event != MQTT_INPUT)
        return INPUT_NONE;
    int key = keys_read();
    return key == '\n' || key == '\r' ? INPUT_NONE : key;
}

/* A key, or INPUT_NONE when the cloud wants something. A dot stands for each second in which nothing happens. */
static int wait_for_key(const struct interop *now)
{
    int is_line_begun = 0, key = INPUT_NONE;
    printf("Please enter the desired state [1,0] - or x to exit:\n");
    while (key == INPUT_NONE && !has_news(now)) {
        enum mqtt_event event = mqtt_step(&shadow.mqtt, STDIN_FILENO);
        key = key_of(event);
        int shown = event == MQTT_IDLE ? '.' : key;
        if (shown < ' ' || shown > '~')
            continue;
        is_line_begun = putchar(shown) != EOF;
        (void)fflush(stdout);
    }
    if (is_line_begun)
        putchar('\n');
    return key;
}

static int interact(struct interop *now)
{
    for (;;) {
        int key = wait_for_key(now), rc = 0;
        if (key == INPUT_LOST)
            return -1;
        if (key == INPUT_END || key == 'x' || key == 'X')
            return 0;
        if (key == '0' || key == '1')
            rc = wish_for(now, key == '1');
        else if (key == INPUT_NONE)
            rc = obey(now);
        if (rc != 0)
            return -1;
    }
}

static int subscribe_answers(void)
{
    static const char *const topics[] = {"get/accepted", "get/rejected", "update/accepted",
                                         "update/rejected", "update/delta"};
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        if (shadow_subscribe(&shadow, topics[i]) != 0)
            return -1;
    }
    return 0;
}

int test_shadow_interop(const struct test_wish *wish)
{
    struct interop now = {.led = wish->led, .is_on = led_get(wish->led), .seen = -1};
    if (now.is_on < 0)
        return -1;
    printf("[iot_tls_init] - Host is %s\nShadow Connect...\n", wish->host);
    if (shadow_open(&shadow, wish) != 0)
        return finish(-1);
    printf("Setting TLS IO State to OPEN\nSubscribing to SHADOW...\n");
    if (subscribe_answers() != 0 || start(&now) != 0)
        return finish(-1);
    keys_begin();
    int rc = interact(&now);
    keys_end();
    return finish(rc);
}

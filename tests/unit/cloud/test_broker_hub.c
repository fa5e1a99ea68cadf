/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's end of the bus, with programs that behave and programs that don't. */
#include "tests/unit/km_test.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cloud/broker-plugin/hub.h"
#include "common/km_sock.h"

struct rig {
    char dir[32];
    char path[64];
    struct letterbox inbox;
    struct letter *letters; /* taken and not looked at */
    sem_t woken;
    atomic_uint n_changed;
    int bell;
    struct hub *hub;
    uint8_t *room;
};

static void wake(void *arg)
{
    (void)sem_post(arg);
}

static void changed(void *arg)
{
    (void)atomic_fetch_add((atomic_uint *)arg, 1);
}

static void start(struct rig *rig, size_t inbox_max)
{
    *rig = (struct rig){.dir = "/tmp/keymoor-hub-XXXXXX", .room = malloc(KM_BUS_FRAME_MAX)};
    assert_true(rig->room != NULL && mkdtemp(rig->dir) != NULL);
    (void)snprintf(rig->path, sizeof(rig->path), "%s/bus", rig->dir);
    assert_int_equal(sem_init(&rig->woken, 0, 0), 0);
    letterbox_init(&rig->inbox, inbox_max, 1u << 30, wake, &rig->woken);
    struct stat st = {0};
    rig->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(rig->bell >= 0);
    const struct hub_config config = {.path = rig->path,
                                      .group = (gid_t)-1,
                                      .bell = rig->bell,
                                      .inbox = &rig->inbox,
                                      .changed = changed,
                                      .arg = &rig->n_changed};
    assert_int_equal(hub_new(NULL, &config, &rig->hub), KM_OK);
    assert_int_equal(stat(rig->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660); /* whatever the umask */
}

static void end(struct rig *rig)
{
    hub_free(rig->hub);
    km_fd_closep(&rig->bell);
    while (rig->letters != NULL) {
        struct letter *next = rig->letters->next;
        letter_free(rig->letters);
        rig->letters = next;
    }
    letterbox_clear(&rig->inbox);
    assert_int_equal(sem_destroy(&rig->woken), 0);
    free(rig->room);
    assert_int_equal(rmdir(rig->dir), 0); /* the socket is gone */
}

/* The next letter of that kind; others are passed over. */
static struct letter *next_letter(struct rig *rig, enum letter_kind kind)
{
    for (;;) {
        while (rig->letters == NULL) {
            assert_int_equal(sem_wait(&rig->woken), 0);
            rig->letters = letterbox_take(&rig->inbox);
        }
        struct letter *letter = rig->letters;
        rig->letters = letter->next;
        if (letter->kind == kind)
            return letter;
        letter_free(letter);
    }
}

static struct km_bus_frame hear(struct rig *rig, int fd)
{
    struct km_bus_frame frame = {0};
    assert_int_equal(km_bus_recv(NULL, fd, KM_SPAN(rig->room, KM_BUS_FRAME_MAX), &frame), KM_OK);
    return frame;
}

static void say(int fd, const struct km_bus_frame *frame)
{
    assert_int_equal(km_bus_send(NULL, fd, frame), KM_OK);
}

static int join(struct rig *rig)
{
    int fd = -1;
    assert_int_equal(km_bus_connect(NULL, rig->path, "test", &fd), KM_OK);
    struct km_bus_frame hello = hear(rig, fd);
    assert_true(hello.kind == KM_BUS_HELLO && hello.number == KM_BUS_VERSION);
    return fd;
}

static void watch(int fd, enum km_bus_kind kind, const char *filter)
{
    say(fd, &(struct km_bus_frame){.kind = kind, .topic = KM_SLICE_STR(filter)});
}

static void tell(struct rig *rig, const char *topic, struct km_slice payload)
{
    struct letter *letter = letter_new(&(struct letter){.kind = LETTER_MESSAGE,
                                                        .topic = KM_SLICE_STR(topic),
                                                        .payload = payload,
                                                        .time_ms = 5,
                                                        .client = OCTETS_OF("c")});
    assert_non_null(letter);
    hub_tell(rig->hub, letter);
}

static void expect_watches(struct rig *rig, const char *const *filters, size_t n)
{
    bool is_same = false;
    while (!is_same) { /* filters may come in several steps */
        struct letter *letter = next_letter(rig, LETTER_WATCHES);
        const struct watches *watches = letter->object;
        is_same = watches->n == n;
        for (size_t i = 0; i < n && is_same; i++)
            is_same = strcmp(watches->filters[i], filters[i]) == 0;
        letter_free(letter);
    }
}

/* A request of a device, and one of nobody. */
static void tell_of(struct rig *rig, const char *topic, const char *certificate)
{
    struct letter *letter = letter_new(&(struct letter){.kind = LETTER_MESSAGE,
                                                        .topic = KM_SLICE_STR(topic),
                                                        .time_ms = 5,
                                                        .client = OCTETS_OF("c"),
                                                        .certificate = KM_SLICE_STR(certificate)});
    assert_non_null(letter);
    hub_tell(rig->hub, letter);
}

static void test_serve(void **state)
{
    (void)state;
    static const char device[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct rig rig;
    start(&rig, 1000);
    int one = join(&rig);
    int other = join(&rig);
    int watcher = join(&rig);
    watch(one, KM_BUS_SERVE, "ask/+");
    watch(other, KM_BUS_SERVE, "ask/+");
    watch(other, KM_BUS_WATCH, "end");
    watch(watcher, KM_BUS_WATCH, "#");
    expect_watches(&rig, (const char *const[]){"#", "ask/+", "end"}, 3);
    tell_of(&rig, "ask/1", "");
    tell_of(&rig, "ask/2", device);
    tell_of(&rig, "end", device);
    /* Whoever serves gets it once; the other, and who serves what nobody asked, gets nothing. */
    struct km_bus_frame got = hear(&rig, other);
    assert_string_equal(km_slice_equal(got.topic, OCTETS_OF("end")) ? "end" : "ask", "end");
    got = hear(&rig, one);
    assert_true(km_slice_equal(got.topic, OCTETS_OF("ask/2")));
    assert_true(km_slice_equal(hear(&rig, watcher).topic, OCTETS_OF("ask/1")));
    assert_true(km_slice_equal(hear(&rig, watcher).topic, OCTETS_OF("ask/2")));
    /* When it goes the other one takes over. */
    (void)close(one);
    struct letter *letter = NULL;
    bool is_left = false;
    while (!is_left) {
        letter = next_letter(&rig, LETTER_LOG);
        is_left = strstr(letter_text(letter->payload), "leaves the bus") != NULL;
        letter_free(letter);
    }
    tell_of(&rig, "ask/3", device);
    assert_true(km_slice_equal(hear(&rig, other).topic, OCTETS_OF("ask/3")));
    (void)close(other);
    (void)close(watcher);
    end(&rig);
}

static void test_answer(void **state)
{
    (void)state;
    static const char device[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct rig rig;
    start(&rig, 1000);
    int one = join(&rig);
    say(one, &(struct km_bus_frame){.kind = KM_BUS_PUBLISH,
                                    .topic = OCTETS_OF("ask/accepted"),
                                    .payload = OCTETS_OF("x"),
                                    .client_id = OCTETS_OF("c"),
                                    .principal = KM_SLICE_STR(device)});
    struct letter *letter = next_letter(&rig, LETTER_PUBLISH);
    assert_string_equal(letter_text(letter->client), "c");
    assert_string_equal(letter_text(letter->certificate), device);
    letter_free(letter);
    (void)close(one);
    end(&rig);
}

/* What came of a request goes to the program that published it, watched or not, and to no other; not to one that came after it. */
static void test_answer_to_a_program(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 1000);
    int one = join(&rig);
    int other = join(&rig);
    say(one, &(struct km_bus_frame){.kind = KM_BUS_PUBLISH, .topic = OCTETS_OF("ask"), .hops = 1});
    struct letter *asked = next_letter(&rig, LETTER_PUBLISH);
    watch(other, KM_BUS_WATCH, "end");
    expect_watches(&rig, (const char *const[]){"end"}, 1);
    struct letter like = {.kind = LETTER_ANSWER,
                          .topic = OCTETS_OF("ask/accepted"),
                          .payload = OCTETS_OF("x"),
                          .qos = 1,
                          .hops = 1,
                          .program = asked->program};
    letter_free(asked);
    hub_tell(rig.hub, letter_new(&like));
    struct km_bus_frame got = hear(&rig, one);
    assert_true(got.kind == KM_BUS_ANSWER && got.qos == 1);
    assert_true(km_slice_equal(got.topic, OCTETS_OF("ask/accepted")));
    assert_true(km_slice_equal(got.payload, OCTETS_OF("x")));
    km_fd_closep(&one);
    bool is_left = false;
    while (!is_left) {
        struct letter *letter = next_letter(&rig, LETTER_LOG);
        is_left = strstr(letter_text(letter->payload), "leaves the bus") != NULL;
        letter_free(letter);
    }
    one = join(&rig);
    watch(one, KM_BUS_WATCH, "end");
    say(one, &(struct km_bus_frame){.kind = KM_BUS_PUBLISH, .topic = OCTETS_OF("is there")});
    letter_free(next_letter(&rig, LETTER_PUBLISH));
    hub_tell(rig.hub, letter_new(&like));
    tell(&rig, "end", OCTETS_OF("x"));
    assert_int_equal(hear(&rig, one).kind, KM_BUS_MESSAGE);
    assert_int_equal(hear(&rig, other).kind, KM_BUS_MESSAGE);
    km_fd_closep(&one);
    km_fd_closep(&other);
    end(&rig);
}

static void test_watch(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 1000);
    int one = join(&rig);
    int other = join(&rig);
    watch(one, KM_BUS_WATCH, "a/+");
    watch(one, KM_BUS_WATCH, "a/#");
    watch(one, KM_BUS_WATCH, "a/+");
    expect_watches(&rig, (const char *const[]){"a/#", "a/+"}, 2);
    watch(other, KM_BUS_WATCH, "a/+");
    watch(other, KM_BUS_WATCH, "b");
    expect_watches(&rig, (const char *const[]){"a/#", "a/+", "b"}, 3);
    tell(&rig, "a/1", OCTETS_OF("x"));
    tell(&rig, "b", OCTETS_OF("y"));
    tell(&rig, "c", OCTETS_OF("z"));
    tell(&rig, "a/1", OCTETS_OF("w"));
    struct km_bus_frame frame = hear(&rig, one); /* once, though two filters match */
    assert_true(frame.kind == KM_BUS_MESSAGE && km_slice_equal(frame.payload, OCTETS_OF("x")));
    assert_true(km_slice_equal(frame.client_id, OCTETS_OF("c")) && frame.time_ms == 5);
    assert_true(km_slice_equal(hear(&rig, one).payload, OCTETS_OF("w")));
    assert_true(km_slice_equal(hear(&rig, other).payload, OCTETS_OF("x")));
    assert_true(km_slice_equal(hear(&rig, other).payload, OCTETS_OF("y")));
    assert_true(km_slice_equal(hear(&rig, other).payload, OCTETS_OF("w")));
    watch(other, KM_BUS_UNWATCH, "b");
    expect_watches(&rig, (const char *const[]){"a/#", "a/+"}, 2);
    km_fd_closep(&one);
    expect_watches(&rig, (const char *const[]){"a/+"}, 1);
    km_fd_closep(&other);
    expect_watches(&rig, NULL, 0);
    end(&rig);
}

static void test_requests(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 1000);
    int fd = join(&rig);
    say(fd, &(struct km_bus_frame){.kind = KM_BUS_PUBLISH,
                                   .topic = OCTETS_OF("a"),
                                   .payload = OCTETS_OF("x"),
                                   .qos = 1,
                                   .retain = true,
                                   .hops = 3,
                                   .number = 77});
    say(fd, &(struct km_bus_frame){.kind = KM_BUS_COPY,
                                   .topic = OCTETS_OF("copy"),
                                   .payload = OCTETS_OF("y"),
                                   .qos = 1,
                                   .retain = true});
    say(fd, &(struct km_bus_frame){.kind = KM_BUS_KICK, .client_id = OCTETS_OF("dev")});
    say(fd, &(struct km_bus_frame){.kind = KM_BUS_CHANGED, .number = 9});
    say(fd, &(struct km_bus_frame){.kind = KM_BUS_PUBLISH, .topic = OCTETS_OF("last")});
    struct letter *letter = next_letter(&rig, LETTER_PUBLISH);
    assert_string_equal(letter_text(letter->topic), "a");
    assert_true(letter->qos == 1 && letter->retain && letter->hops == 3);
    assert_true(letter->number == 77 && letter->program != 0);
    letter_free(letter);
    letter = next_letter(&rig, LETTER_COPY);
    assert_string_equal(letter_text(letter->topic), "copy");
    assert_string_equal(letter_text(letter->payload), "y");
    assert_true(letter->qos == 1 && letter->retain && letter->program == 0);
    letter_free(letter);
    letter = next_letter(&rig, LETTER_KICK);
    assert_string_equal(letter_text(letter->client), "dev");
    letter_free(letter);
    letter_free(next_letter(&rig, LETTER_PUBLISH));
    assert_int_equal(atomic_load(&rig.n_changed), 1);
    km_fd_closep(&fd);
    end(&rig);
}

/* A filter is in force before what its program said next: who watches for an answer gets the answer. */
static void test_watch_comes_first(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 1000);
    int fd = join(&rig);
    for (unsigned i = 0; i < 200; i++) {
        char filter[16] = "";
        (void)snprintf(filter, sizeof(filter), "f/%u", i);
        watch(fd, KM_BUS_WATCH, filter);
        say(fd, &(struct km_bus_frame){.kind = KM_BUS_PUBLISH, .topic = OCTETS_OF("p")});
    }
    size_t n_watched = 0;
    for (unsigned i = 0; i < 200;) {
        while (rig.letters == NULL) {
            assert_int_equal(sem_wait(&rig.woken), 0);
            rig.letters = letterbox_take(&rig.inbox);
        }
        struct letter *letter = rig.letters;
        rig.letters = letter->next;
        if (letter->kind == LETTER_WATCHES)
            n_watched = ((const struct watches *)letter->object)->n;
        if (letter->kind == LETTER_PUBLISH)
            assert_in_range(n_watched, ++i, 200);
        letter_free(letter);
    }
    km_fd_closep(&fd);
    end(&rig);
}

/* With no room in the broker's inbox a program waits, and nothing of what it said is lost or out of order. */
static void test_back_pressure(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 2);
    int fd = join(&rig);
    for (unsigned i = 0; i < 100; i++) {
        uint8_t number = (uint8_t)i;
        say(fd, &(struct km_bus_frame){.kind = KM_BUS_PUBLISH,
                                       .topic = OCTETS_OF("t"),
                                       .payload = KM_SLICE(&number, 1)});
    }
    for (unsigned i = 0; i < 100; i++) {
        struct letter *letter = next_letter(&rig, LETTER_PUBLISH);
        assert_int_equal(letter->payload.ptr[0], i);
        letter_free(letter);
    }
    km_fd_closep(&fd);
    end(&rig);
}

/* A program that does not read loses messages, is told how many, and keeps the others from nothing. */
static void test_slow(void **state)
{
    (void)state;
    struct rig rig;
    static uint8_t large[100000];
    const unsigned n_sent = 400; /* far more than a queue holds */
    start(&rig, 1000);
    int slow = join(&rig);
    int quick = join(&rig);
    watch(slow, KM_BUS_WATCH, "t");
    watch(quick, KM_BUS_WATCH, "t");
    watch(quick, KM_BUS_WATCH, "u");
    expect_watches(&rig, (const char *const[]){"t", "u"}, 2);
    for (unsigned i = 0; i < n_sent; i++) {
        tell(&rig, "t", KM_SLICE(large, sizeof(large)));
        assert_int_equal(hear(&rig, quick).payload.len, sizeof(large));
    }
    tell(&rig, "t", OCTETS_OF("end")); /* small enough for what is left of the queue */
    struct km_bus_frame frame = hear(&rig, slow);
    uint64_t n_whole = 0;
    for (; frame.kind == KM_BUS_MESSAGE; frame = hear(&rig, slow))
        n_whole += frame.payload.len == sizeof(large) ? 1 : 0;
    assert_int_equal(frame.kind, KM_BUS_LOST);
    assert_true(frame.number > 0);
    assert_int_equal(n_whole + frame.number, n_sent);
    assert_true(km_slice_equal(hear(&rig, slow).payload, OCTETS_OF("end")));
    km_fd_closep(&slow);
    km_fd_closep(&quick);
    end(&rig);
}

static void expect_hangup(struct rig *rig, int fd)
{
    struct km_bus_frame frame = {0};
    km_status status = KM_OK;
    while (status == KM_OK) /* a greeting may come first */
        status = km_bus_recv(NULL, fd, KM_SPAN(rig->room, KM_BUS_FRAME_MAX), &frame);
    assert_int_equal(status, KM_E_DEAD);
    km_fd_closep(&fd);
}

static void test_hostile(void **state)
{
    (void)state;
    struct rig rig;
    static uint8_t large[150000];
    static const struct km_bus_frame wrong[] = {
        {.kind = KM_BUS_MESSAGE, .topic = OCTETS("t"), .time_ms = 1},
        {.kind = KM_BUS_HELLO, .number = 1, .client_id = OCTETS("again")},
        {.kind = KM_BUS_LOST, .number = 1},
        {.kind = KM_BUS_WATCH, .topic = OCTETS("a/#/b")},
        {.kind = KM_BUS_PUBLISH, .topic = OCTETS("a/+")},
        {.kind = KM_BUS_COPY, .topic = OCTETS("a/+")},
        {.kind = KM_BUS_ANSWER, .topic = OCTETS("t")},
    };
    start(&rig, 1000);
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++) {
        int fd = join(&rig);
        say(fd, &wrong[i]);
        expect_hangup(&rig, fd);
    }
    int fd = -1;
    assert_int_equal(km_sock_connect(NULL, rig.path, &fd), KM_OK);
    say(fd, &wrong[4]); /* before HELLO */
    expect_hangup(&rig, fd);
    assert_int_equal(km_sock_connect(NULL, rig.path, &fd), KM_OK);
    say(fd, &(struct km_bus_frame){
                .kind = KM_BUS_HELLO, .number = KM_BUS_VERSION + 1, .client_id = OCTETS_OF("x")});
    expect_hangup(&rig, fd);
    fd = join(&rig);
    assert_int_equal(km_sock_send(NULL, fd, KM_SLICE(large, sizeof(large)), NULL, 0), KM_OK);
    expect_hangup(&rig, fd);
    fd = join(&rig); /* and the others are served as before */
    say(fd, &(struct km_bus_frame){.kind = KM_BUS_PUBLISH, .topic = OCTETS_OF("fine")});
    struct letter *letter = next_letter(&rig, LETTER_PUBLISH);
    assert_string_equal(letter_text(letter->topic), "fine");
    letter_free(letter);
    km_fd_closep(&fd);
    end(&rig);
}

static void test_one_broker_a_path(void **state)
{
    (void)state;
    struct rig rig;
    struct hub *second = NULL;
    start(&rig, 10);
    const struct hub_config config = {.path = rig.path,
                                      .group = (gid_t)-1,
                                      .bell = rig.bell,
                                      .inbox = &rig.inbox,
                                      .changed = changed};
    assert_int_equal(hub_new(NULL, &config, &second), KM_E_BUSY);
    assert_null(second);
    int fd = join(&rig);
    km_fd_closep(&fd);
    end(&rig);
}

static void test_match(void **state)
{
    (void)state;
    char *filters[] = {(char *)(uintptr_t) "a/+", (char *)(uintptr_t) "$aws/#"};
    const struct watches watches = {.filters = filters, .n = 2};
    assert_true(watches_match(&watches, OCTETS_OF("a/b")));
    assert_true(watches_match(&watches, OCTETS_OF("$aws/events/x")));
    assert_false(watches_match(&watches, OCTETS_OF("b")));
    assert_false(watches_match(NULL, OCTETS_OF("a/b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_serve),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_answer_to_a_program),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_one_broker_a_path),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_watch_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Test vectors through the Internal Core API, the runtime in this process. */
#include "tests/unit/runtime_fixture.h"
#include "tests/vectors/core_alg.h"

static void answer(char *line, struct vec_reply *reply)
{
    fake.expects_panic = true;
    if (setjmp(fake.on_panic) == 0) {
        vec_serve(&core_api, line, reply);
    } else {
        vec_reply_code(reply, "panic", fake.panic_code);
        fixture_reopen_store(); /* whatever the line had opened goes with it */
    }
    fake.expects_panic = false;
}

int main(void)
{
    if (fixture_start(NULL) != 0)
        return 1;
    int status = vec_loop(answer);
    return fixture_stop(NULL) == 0 ? status : 1;
}
